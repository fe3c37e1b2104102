"""Private names and texts of mmengine, mmcv and mmseg that this package depends on, and what each is for.

Tested with onedl-mmengine 0.10.12, onedl-mmcv 2.3.6, onedl-mmsegmentation 1.4.2, onedl-mmpretrain 1.3.6. No other file uses their
private names. ``tests/test_compat.py`` checks that, and that the installed versions have each of :data:`PRIVATE_NAMES`.
"""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

from mmengine.hooks import CheckpointHook, EMAHook, Hook
from mmengine.runner import BaseLoop, Runner
from torch import nn

# "module:Class.attribute", or "module:Class.method=attribute" if a method sets it -> what stops working without it
PRIVATE_NAMES = {
    "mmengine.model:ImgDataPreprocessor.__init__=_channel_conversion": "the record of channel order",
    "mmengine.model:ImgDataPreprocessor.__init__=_enable_normalize": "the record of mean and scale",
    "mmengine.hooks:EMAHook._swap_ema_parameters": "saving the trained weights when a validation is interrupted",
    "mmengine.runner:IterBasedTrainLoop._decide_current_val_interval": "catching up on a missed validation",
    "mmengine.runner:EpochBasedTrainLoop._decide_current_val_interval": "catching up on a missed validation",
    "mmengine.runner:Runner.load_or_resume=_has_loaded": "starting from a verified checkpoint",
    "mmengine.runner:Runner.load_or_resume=_load_from": "starting from a verified checkpoint",
    "mmengine.runner:Runner.load_or_resume=_resume": "starting from a verified checkpoint",
    "mmengine.hooks:EMAHook.after_load_checkpoint=_resume": "weight averages of a resumed run",
    "mmengine.runner:Runner.__init__=_train_dataloader": "distinguishing the training loader from the others",
    "mmengine.hooks:CheckpointHook._init_rule": "save_best='auto'",
    "mmengine.hooks:CheckpointHook._save_best_checkpoint": "removing the last best checkpoint after the new one is written",
    "mmengine.hooks:CheckpointHook._save_checkpoint_with_step": "removing old checkpoints after the new one is written",
}


def converts_channels(preprocessor: nn.Module) -> bool:
    """Return whether an mmseg ``SegDataPreProcessor`` converts BGR to RGB."""
    return bool(preprocessor._channel_conversion)


def normalises(preprocessor: nn.Module) -> bool:
    """Return whether an mmseg ``SegDataPreProcessor`` subtracts a mean and divides by a scale."""
    return bool(preprocessor._enable_normalize)


def watch_swaps(hooks: Iterable[Hook]) -> None:
    """Make EMAHooks record in ``swapped`` whether the net currently holds the averaged weights."""
    for hook in hooks:
        if isinstance(hook, EMAHook) and not hasattr(hook, "swapped"):
            hook.swapped, hook._swap_ema_parameters = False, partial(_swap, hook, hook._swap_ema_parameters)


def _swap(hook: EMAHook, swap: Callable[[], None]) -> None:
    swap()
    hook.swapped = not hook.swapped


def swap_back(hooks: Iterable[Hook]) -> None:
    """Put the trained weights back into the net."""
    for hook in hooks:
        if getattr(hook, "swapped", False):
            hook._swap_ema_parameters()


def decide_val_interval(loop: BaseLoop) -> None:
    """Set a train loop's validation interval, which the loop sets only after its first step."""
    loop._decide_current_val_interval()


def is_train_loader(runner: Runner, dataloader: object) -> bool:
    """Return whether a dataloader's config is the Runner's training one."""
    return dataloader is runner._train_dataloader


def given_start(runner: Runner) -> tuple[str | None, bool]:
    """Return a Runner's arguments ``load_from`` and ``resume``."""
    return runner._load_from, runner._resume


def mark_started(runner: Runner, path: str | None, resume: bool) -> None:
    """Record what a Runner starts from, so that mmengine loads no checkpoint itself and EMAHook knows of a resume."""
    runner._load_from, runner._resume, runner._has_loaded = path, resume, True


def mark_loaded(runner: Runner) -> None:
    """Record that a Runner has loaded a checkpoint, so that mmengine loads none."""
    runner._has_loaded = True


def has_started(runner: Runner) -> bool:
    """Return whether a Runner has loaded a checkpoint."""
    return runner._has_loaded


class PublicCheckpointHook(CheckpointHook):
    """mmengine's ``CheckpointHook`` with public names for its private steps."""

    def write(self, runner: Runner, step: int, meta: dict[str, Any]) -> None:
        """Write the checkpoint of a step and remove old ones."""
        super()._save_checkpoint_with_step(runner, step, meta)

    def write_best(self, runner: Runner, metrics: dict[str, Any]) -> None:
        """Write the best checkpoint if the scores have improved."""
        super()._save_best_checkpoint(runner, metrics)

    def resolve_auto(self, metrics: dict[str, Any]) -> None:
        """Replace ``save_best='auto'`` with the first score."""
        self._init_rule(self.rules, [next(iter(metrics))])

    def _save_checkpoint_with_step(self, runner: Runner, step: int, meta: dict[str, Any]) -> None:
        self.write(runner, step, meta)

    def _save_best_checkpoint(self, runner: Runner, metrics: dict[str, Any]) -> None:
        self.write_best(runner, metrics)


# (module, function) of log records that go only to the log file: environment, config and hook dumps, some 310 lines
LOG_FILE_ONLY = {
    *(("runner", function) for function in ("_log_env", "__init__", "wrap_model", "_init_model_weights")),
    *(("base_module", function) for function in ("init_weights", "_dump_init_info")),
    ("checkpoint_hook", "before_train"),
}
# parts of such records; "paramwise_options" is a line per bias with its own learning rate
LIBRARY_NOTICES = ("paramwise_options -- ", "FileClient", "HardDiskBackend", "initialize ", "Exp name")
MODEL_NOTICES = (
    "Unnecessary conv bias before batch/instance norm",  # mmpretrain's VGG-BN keeps it, as torchvision's does
    "For binary segmentation, we suggest using",  # softmax over two classes is intended
    "``build_pixel_sampler`` would be deprecated",  # mmseg's own head calls it
)
TTA_NOTICE = "The shape of value will convert from"  # SegTTAModel stores label maps without their channel


@contextlib.contextmanager
def quiet_imports() -> Iterator[None]:
    """Drop mmseg's and mmcv's import-time output about unused parts; for programs, not for libraries."""
    printed = io.StringIO()
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(printed):
            warnings.filterwarnings("ignore", message=".*MultiScaleDeformableAttention.*")
            yield
    finally:
        print(*(line for line in printed.getvalue().splitlines(True) if "OneDL" not in line), sep="", end="")


@contextlib.contextmanager
def quiet_model_building() -> Iterator[None]:
    """Drop warnings about intended choices while a net is built."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="|".join(MODEL_NOTICES))
        yield
