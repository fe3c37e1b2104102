"""Check a config's own settings before anything is built."""

from __future__ import annotations

import inspect
import os
import shutil

from mmengine.config import ConfigDict
from mmengine.dataset import InfiniteSampler
from mmengine.device import get_device
from mmengine.hooks import CheckpointHook
from mmengine.runner import EpochBasedTrainLoop

from ..errors import UserError
from ..invocation import command
from ..models.local_crf import refine
from ..models.score_names import require_own_segmentor
from .parameters import class_of


def check_config(cfg: ConfigDict) -> None:
    """Check the settings of a config with ``num_classes`` filled in.

    Raises:
        UserError: config-value, config-key, classes-count or class-weights.
    """
    require_own_segmentor(cfg.model)
    head = cfg.model.decode_head
    if not isinstance(head.get("num_classes"), int) or head.num_classes < 2:
        what = f"{cfg.filename}: model.decode_head.num_classes is {head.get('num_classes')!r}"
        sigmoid = "; for a sigmoid on one channel use num_classes=2, out_channels=1"
        raise UserError("classes-count", f"{what}: set it to the number of classes, including background{sigmoid}")
    for loss in losses_of(cfg):
        weights = loss.get("class_weight")
        if isinstance(weights, (list, tuple)) and len(weights) != head.num_classes:
            message = f"loss_decode.class_weight has {len(weights)} weights, but num_classes is {head.num_classes}"
            remedy = f"compute new ones ({command('class_weights')}), or set it to None"
            raise UserError("class-weights", f"{cfg.filename}: {message}: {remedy}")
    testing = cfg.model.get("test_cfg") or {}
    if testing.get("mode") == "slide" and not {"crop_size", "stride"} <= testing.keys():
        raise UserError(
            "config-value", f"{cfg.filename}: model.test_cfg.mode is 'slide': also set crop_size and stride"
        )
    known = [*inspect.signature(refine).parameters][2:]
    if unknown := sorted({*(testing.get("crf") or {})} - {*known}):
        what = f"{cfg.filename}: model.test_cfg.crf has unknown keys {', '.join(unknown)}"
        raise UserError("config-key", f"{what}: it accepts {', '.join(known)}")
    _check_loop(cfg)
    compilers = (os.environ.get("CXX") or "g++", "clang++", "cl")
    if cfg.model.get("compile") is True and get_device() == "cpu" and not any(map(shutil.which, compilers)):
        # without one torch fails only at the first forward pass
        message = "model.compile needs a C++ compiler on CPU, and g++ was not found: install it or remove --compile"
        raise UserError("config-value", f"{cfg.filename}: {message}")


def _check_loop(cfg: ConfigDict) -> None:
    """Refuse a loop that never reaches the end of an epoch, or never saves a checkpoint."""
    loop, loader = cfg.get("train_cfg") or {}, cfg.get("train_dataloader") or {}
    kinds = [class_of((entry or {}).get("type")) or object for entry in (loop, loader.get("sampler"))]
    by_epoch = issubclass(kinds[0], EpochBasedTrainLoop) or loop.get("by_epoch", False)
    if by_epoch and issubclass(kinds[1], InfiniteSampler):
        found = (
            f"train_dataloader.sampler is {loader['sampler']['type']}, which is endless, but train_cfg counts epochs"
        )
        remedy = "use dict(type='DefaultSampler', shuffle=True), or an IterBasedTrainLoop"
        raise UserError("config-value", f"{cfg.filename}: {found}: {remedy}")
    hook = (cfg.get("default_hooks") or {}).get("checkpoint") or {}
    if (
        loop
        and issubclass(class_of(hook.get("type")) or object, CheckpointHook)
        and hook.get("by_epoch", True) != by_epoch
    ):
        found = f"default_hooks.checkpoint.by_epoch is {not by_epoch}, but train_cfg counts {'epochs' if by_epoch else 'steps'}"
        raise UserError(
            "config-value", f"{cfg.filename}: {found}: set it to {bool(by_epoch)}, so that the run can resume"
        )


def losses_of(cfg: ConfigDict) -> list[ConfigDict]:
    """Return the entries of ``loss_decode`` (an entry or a list of them) as a list."""
    losses = cfg.model.decode_head.get("loss_decode", {})
    return [losses] if isinstance(losses, dict) else list(losses)
