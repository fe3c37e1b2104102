"""The door to every run: look over the config and its data, fill in what follows from them, then leave the config alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from mmengine.config import ConfigDict
from mmengine.device import get_device
from mmengine.dist import sync_random_seed
from mmengine.registry import init_default_scope

from ..engine.distributed import join_processes
from ..engine.start import Asked, Fresh, Resume, Start, resolve_start
from ..engine.work_dir_lock import work_dir_lock
from ..errors import UserError
from ..models.precision import is_emulated, resolve_precision
from .config import check_config, check_start, make_dir
from .datasets import check_datasets, check_files, mapped_classes
from .keys import DEFAULT_HOOKS, check_keys
from .loss_reduction import reduction_warning


@dataclass
class Prepared:
    """What a run needs to know beside its config.

    Attributes:
        precision: what convolutions compute in, ``fp32``, ``bf16`` or ``fp16``.
        start: where training starts; None for everything else.
        warnings: lines for the run's log.
    """

    precision: str
    start: Start | None = None
    warnings: list[str] = field(default_factory=list)


def prepare(
    cfg: ConfigDict, splits: Sequence[str], look_for_files: bool = False, tta: bool = False, hooks: Sequence[dict] = ()
) -> Prepared:
    """Prepare anything but training. From here on nothing writes to the config. Collective: call on every rank.

    Args:
        cfg: a whole config; changed here and nowhere later.
        splits: of ``train``, ``val``, ``test``, those that the command uses.
        look_for_files: look for every image and mask of the splits.
        tta: average over the flips and scales of ``cfg.tta_pipeline``.
        hooks: entries to add to ``custom_hooks``.

    Raises:
        UserError: config-*, classes-count, dataset-*, image-unreadable, mask-unreadable: what contradicts or is missing, where
            it was looked for, and the remedy.
    """
    _check(cfg, splits)
    if look_for_files:
        check_files(cfg, splits)
    prepared = _fill_in(cfg, hooks)
    cfg.model.test_cfg.setdefault("keep_logits", tta)  # full-resolution logits are kept for those who average them, or ask
    if tta:
        _use_tta(cfg)
    return prepared


@contextmanager
def prepare_training(cfg: ConfigDict, asked: Asked, hooks: Sequence[dict] = ()) -> Iterator[Prepared]:
    """Prepare a training run, and lock its work dir until the end of the ``with`` block. Collective: call on every rank.

    Args:
        cfg: a whole config with ``work_dir``; changed here and nowhere later.
        asked: where to start.
        hooks: entries to add to ``custom_hooks``.

    Raises:
        UserError: as :func:`prepare`; output-path, work-dir-locked, checkpoint-*, weights-missing, option-value.
    """
    splits = ("train", "val")
    _check(cfg, splits)
    make_dir(cfg.work_dir, "--work-dir")
    with work_dir_lock(cfg.work_dir):
        start = resolve_start(cfg.work_dir, asked)
        check_start(cfg, start)
        check_files(cfg, splits)
        prepared = _fill_in(cfg, hooks)
        prepared.start = start
        cfg.model.test_cfg.setdefault("keep_logits", False)
        _fill_in_training(cfg, prepared)
        yield prepared


def _check(cfg: ConfigDict, splits: Sequence[str]) -> None:
    init_default_scope(cfg.get("default_scope", "mmseg"))
    join_processes(cfg)
    check_keys(cfg)
    head = cfg.get("model", {}).get("decode_head")
    if isinstance(head, dict) and head.get("num_classes") is None:
        head.num_classes = mapped_classes(cfg)
    check_config(cfg, splits)
    check_datasets(cfg, splits)


def _fill_in(cfg: ConfigDict, hooks: Sequence[dict]) -> Prepared:
    """Write what follows from the device and the options into the config."""
    device, precision = get_device(), cfg.model.get("precision", "fp32")
    prepared = Prepared(resolve_precision(precision, device))
    if is_emulated(precision, device):
        prepared.warnings.append("this CPU emulates bf16, which is slower than fp32: pass --amp auto")
    cfg.custom_hooks = [*(cfg.get("custom_hooks") or []), *hooks]
    for name in [name for name, hook in (cfg.get("default_hooks") or {}).items() if hook is None]:
        if name not in DEFAULT_HOOKS:  # switched off; the engine knows None for its own hooks alone
            del cfg.default_hooks[name]
    cfg.model.setdefault("test_cfg", {})
    return prepared


def _fill_in_training(cfg: ConfigDict, prepared: Prepared) -> None:
    start = prepared.start
    if not isinstance(start, Fresh):
        cfg.model.pretrained = None  # a checkpoint takes its place
    seed = cfg.setdefault("randomness", {}).get("seed")
    if seed is None:  # a run that returns to a checkpoint, or is resumed, keeps its seed
        seed = start.seed if isinstance(start, Resume) else None
        cfg.randomness.seed = sync_random_seed() if seed is None else seed
    if prepared.precision == "fp16":
        if get_device() == "cpu":
            message = (
                "training in fp16 scales gradients on a GPU, and there is none: pass --amp bf16, or --amp off for fp32"
            )
            raise UserError("option-value", message)
        cfg.optim_wrapper.update(type="AmpOptimWrapper", dtype="float16")
    if warning := reduction_warning(cfg):
        prepared.warnings.append(warning)


def _use_tta(cfg: ConfigDict) -> None:
    if "tta_pipeline" not in cfg or "tta_model" not in cfg:
        message = f"{cfg.filename} has no tta_pipeline and tta_model: inherit configs/_base_/tta.py, or drop --tta"
        raise UserError("config-value", message)
    cfg.model.test_cfg.keep_logits = True
    cfg.test_dataloader.dataset.pipeline = cfg.tta_pipeline
    cfg.model = dict(**cfg.tta_model, module=cfg.model)
