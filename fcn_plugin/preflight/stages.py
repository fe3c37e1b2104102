"""Find the training stages of a net: the configs of its parents, coarsest first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mmengine.config import Config

from ..errors import UserError
from ..invocation import command


@dataclass
class Stage:
    """One stage of a staged training."""

    name: str  # its finest stride, such as 16s
    cfg: Config  # with its own work_dir


def stages_of(cfg: Config, load: Callable[[str], Config]) -> list[Stage]:
    """Return the stages up to ``cfg``, coarsest first, each with a subfolder of the ``work_dir`` of ``cfg``.

    A net's parent is the config named by its key ``parent``; without that key, the same config with one stream fewer.

    Args:
        cfg: config of the finest net, with ``work_dir``.
        load: loads a config by name, with the command line's overrides applied.

    Raises:
        UserError: ``stages``: the net has no streams or only one, or a parent is not coarser; ``config-value``: a stage would
            record no best checkpoint for the next one.
    """
    if "streams" not in cfg.model.get("decode_head", {}):
        message = f"{cfg.filename} has no FCNSkipHead with streams and so no stages: use {command('train')}"
        raise UserError("stages", message)
    chain = [cfg]
    while (parent := _parent(chain[0], load)) is not None:
        if _name(parent) in map(_name, chain):
            message = (
                f"{chain[0].filename} and its parent {parent.filename} are both {_name(parent)}, but a parent has one"
            )
            raise UserError("stages", f"{message} stream fewer: correct model.decode_head.streams or the key parent")
        chain.insert(0, parent)
    if len(chain) == 1:
        message = f"{cfg.filename} has no skips and so no stages: use {command('train')}"
        raise UserError("stages", message)
    root = Path(cfg.work_dir)
    for stage in chain:
        hook = (stage.get("default_hooks") or {}).get("checkpoint") or {}
        key = hook.get("save_best")
        if hook.get("type") == "CheckpointHook" or hook.get("out_dir") or not isinstance(key, str) or key == "auto":
            message = f"{stage.filename}: default_hooks.checkpoint is {dict(hook)}, which records no best one for the next stage"
            remedy = (
                "set type='FCNCheckpointHook', no out_dir, and save_best to one score of val_evaluator, such as 'mIoU'"
            )
            raise UserError("config-value", f"{message}: {remedy}")
        stage.work_dir = str(root / _name(stage))
        stage.experiment_name = f"{Path(stage.filename).stem}_{_name(stage)}"
    return [Stage(_name(stage), stage) for stage in chain]


def _parent(cfg: Config, load: Callable[[str], Config]) -> Config | None:
    if cfg.get("parent"):
        return load(cfg.parent)
    streams = tuple(cfg.model.decode_head.streams)
    if len(streams) == 1:
        return None
    parent = Config(cfg.to_dict(), filename=cfg.filename)
    parent.model.decode_head.streams = streams[:-1]
    return parent


def _name(cfg: Config) -> str:
    """Name a stage by its finest stride, or by the finest stream if only the built net knows the stride."""
    streams, strides, backbone = cfg.model.decode_head.streams, cfg.model.decode_head.get("strides"), cfg.model.backbone
    if isinstance(strides, dict) and strides.get(streams[-1], "auto") != "auto":
        return f"{strides[streams[-1]]}s"
    # other backbones define strides in their layers
    maps = sorted(backbone.get("strides", (8, 16, 32))) if backbone.type == "FCNTimm" else ()
    return f"{maps[-len(streams)]}s" if len(streams) <= len(maps) else streams[-1]
