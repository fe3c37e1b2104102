"""The stages that lead to a net: the configs of its parents, the coarsest first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mmengine.config import Config

from ..errors import UserError
from ..invocation import command


@dataclass
class Stage:
    """One net of a chain."""

    name: str  # its finest stride, such as 16s
    cfg: Config  # with a work_dir of its own


def stages_of(cfg: Config, load: Callable[[str], Config]) -> list[Stage]:
    """The stages that end in ``cfg``, coarsest first, each with its folder in the ``work_dir`` of ``cfg``.

    A net's parent is the config that its key ``parent`` names; without that key, the same config with one stream fewer.

    Args:
        cfg: config of the finest net, with ``work_dir``.
        load: reads the config of a name, with the command line's overrides applied.

    Raises:
        UserError: ``stages``: the net has no streams, or one only, or a parent is no coarser; ``config-value``: a stage will note
            no best checkpoint for the next one.
    """
    if "streams" not in cfg.model.get("decode_head", {}):
        message = f"{cfg.filename} has no FCNSkipHead with streams, so there are no stages: use {command('train')}"
        raise UserError("stages", message)
    chain = [cfg]
    while (parent := _parent(chain[0], load)) is not None:
        if _name(parent) in map(_name, chain):
            message = f"{chain[0].filename} and its parent {parent.filename} are both {_name(parent)}: a parent has one"
            raise UserError("stages", f"{message} stream less; correct model.decode_head.streams and the key parent")
        chain.insert(0, parent)
    if len(chain) == 1:
        message = f"{cfg.filename} has no skips, so there are no stages: train it with {command('train')}"
        raise UserError("stages", message)
    root = Path(cfg.work_dir)
    for stage in chain:
        hook = (stage.get("default_hooks") or {}).get("checkpoint") or {}
        key = hook.get("save_best")
        if hook.get("type") == "CheckpointHook" or hook.get("out_dir") or not isinstance(key, str) or key == "auto":
            message = f"{stage.filename}: default_hooks.checkpoint is {dict(hook)}, which notes no best one for the next stage"
            remedy = (
                "give type='FCNCheckpointHook', no out_dir, and save_best one score of val_evaluator, such as 'mIoU'"
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
    """Name a stage by its finest stride; by that stream where only the built net knows the stride."""
    streams, strides, backbone = cfg.model.decode_head.streams, cfg.model.decode_head.get("strides"), cfg.model.backbone
    if isinstance(strides, dict) and strides.get(streams[-1], "auto") != "auto":
        return f"{strides[streams[-1]]}s"
    # other backbones' strides are those of their layers
    maps = sorted(backbone.get("strides", (8, 16, 32))) if backbone.type == "FCNTimm" else ()
    return f"{maps[-len(streams)]}s" if len(streams) <= len(maps) else streams[-1]
