"""Private names and texts of mmengine, mmcv and mmseg that this package depends on, each with the fault that it works around.

Tried with onedl-mmengine 0.10.12, onedl-mmcv 2.3.6, onedl-mmsegmentation 1.4.2, onedl-mmpretrain 1.3.6. No other file touches a
private name of theirs; ``tests/test_compat.py`` holds that, and looks each of :data:`PRIVATE_NAMES` up in what is installed.
"""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Callable, Iterable, Iterator
from functools import partial

from mmengine.hooks import CheckpointHook, EMAHook, Hook
from mmengine.runner import Runner
from torch import nn

# "module:Class.attribute", or "module:Class.method=attribute" for one that a method sets -> what stops working without it
PRIVATE_NAMES = {
    "mmengine.model:ImgDataPreprocessor.__init__=_channel_conversion": "the record of channel order",
    "mmengine.model:ImgDataPreprocessor.__init__=_enable_normalize": "the record of mean and scale",
    "mmengine.hooks:EMAHook._swap_ema_parameters": "saving the trained weights when a validation is interrupted",
    "mmengine.runner:IterBasedTrainLoop._decide_current_val_interval": "making up for a missed validation",
    "mmengine.runner:EpochBasedTrainLoop._decide_current_val_interval": "making up for a missed validation",
    "mmengine.runner:Runner.load_or_resume=_has_loaded": "starting from a verified checkpoint",
    "mmengine.runner:Runner.load_or_resume=_load_from": "starting from a verified checkpoint",
    "mmengine.runner:Runner.load_or_resume=_resume": "starting from a verified checkpoint",
    "mmengine.hooks:EMAHook.after_load_checkpoint=_resume": "averages of a resumed run",
    "mmengine.runner:Runner.__init__=_train_dataloader": "telling the training loader from the others",
    "mmengine.hooks:CheckpointHook._init_rule": "save_best='auto'",
    "mmengine.hooks:CheckpointHook._save_best_checkpoint": "removing the last best checkpoint after the new one is written",
    "mmengine.hooks:CheckpointHook._save_checkpoint_with_step": "removing old checkpoints after the new one is written",
}


def converts_channels(preprocessor: nn.Module) -> bool:
    """Whether an mmseg ``SegDataPreProcessor`` turns BGR into RGB."""
    return bool(preprocessor._channel_conversion)


def normalises(preprocessor: nn.Module) -> bool:
    """Whether an mmseg ``SegDataPreProcessor`` subtracts a mean and divides by a scale."""
    return bool(preprocessor._enable_normalize)


def watch_swaps(hooks: Iterable[Hook]) -> None:
    """Let EMAHooks note in ``swapped`` whether averaged and trained weights have changed places."""
    for hook in hooks:
        if isinstance(hook, EMAHook) and not hasattr(hook, "swapped"):
            hook.swapped, hook._swap_ema_parameters = False, partial(_swap, hook, hook._swap_ema_parameters)


def _swap(hook: EMAHook, swap: Callable[[], None]) -> None:
    swap()
    hook.swapped = not hook.swapped


def swap_back(hooks: Iterable[Hook]) -> None:
    """Give the trained weights their place in the net."""
    for hook in hooks:
        if getattr(hook, "swapped", False):
            hook._swap_ema_parameters()


def decide_val_interval(loop) -> None:
    """Set a train loop's validation interval, which it does itself only after its first step."""
    loop._decide_current_val_interval()


def is_train_loader(runner: Runner, dataloader: object) -> bool:
    """Whether a dataloader's config is the Runner's training one."""
    return dataloader is runner._train_dataloader


def given_start(runner: Runner) -> tuple[str | None, bool]:
    """``load_from`` and ``resume`` of a Runner's own arguments."""
    return runner._load_from, runner._resume


def mark_started(runner: Runner, path: str | None, resume: bool) -> None:
    """Note what a Runner starts from: mmengine loads neither another nor this one again, and EMAHook knows of a resume."""
    runner._load_from, runner._resume, runner._has_loaded = path, resume, True


def mark_loaded(runner: Runner) -> None:
    """Note that a Runner has loaded a checkpoint: training or a test starts from it."""
    runner._has_loaded = True


def has_started(runner: Runner) -> bool:
    """Whether a Runner has loaded a checkpoint."""
    return runner._has_loaded


class PublicCheckpointHook(CheckpointHook):
    """mmengine's ``CheckpointHook`` with public names for the steps that it keeps private."""

    def write(self, runner: Runner, step: int, meta: dict) -> None:
        """Write the checkpoint of a step and remove old ones."""
        super()._save_checkpoint_with_step(runner, step, meta)

    def write_best(self, runner: Runner, metrics: dict) -> None:
        """Write the best checkpoint where the scores are better than before."""
        super()._save_best_checkpoint(runner, metrics)

    def resolve_auto(self, metrics: dict) -> None:
        """Replace ``save_best='auto'`` by the first score."""
        self._init_rule(self.rules, [next(iter(metrics))])

    def _save_checkpoint_with_step(self, runner: Runner, step: int, meta: dict) -> None:
        self.write(runner, step, meta)

    def _save_best_checkpoint(self, runner: Runner, metrics: dict) -> None:
        self.write_best(runner, metrics)


# (module, function) of log records that belong in the log file alone: environment, config and hook dumps, some 310 lines
LOG_FILE_ONLY = {
    *(("runner", function) for function in ("_log_env", "__init__", "wrap_model", "_init_model_weights")),
    *(("base_module", function) for function in ("init_weights", "_dump_init_info")),
    ("checkpoint_hook", "before_train"),
}
# beginnings or parts of such records; "paramwise_options": a line per bias with a rate of its own
LIBRARY_NOTICES = ("paramwise_options -- ", "FileClient", "HardDiskBackend", "initialize ", "Exp name")
MODEL_NOTICES = (
    "Unnecessary conv bias before batch/instance norm",  # mmpretrain's VGG-BN keeps it, as torchvision's does
    "For binary segmentation, we suggest using",  # two classes with a softmax are meant
    "``build_pixel_sampler`` would be deprecated",  # mmseg's own head calls it
)
TTA_NOTICE = "The shape of value will convert from"  # SegTTAModel stores label maps without their channel


@contextlib.contextmanager
def quiet_imports() -> Iterator[None]:
    """Drop what mmseg prints and mmcv warns about parts that nothing here uses; for programs, not for libraries."""
    printed = io.StringIO()
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(printed):
            warnings.filterwarnings("ignore", message=".*MultiScaleDeformableAttention.*")
            yield
    finally:
        print(*(line for line in printed.getvalue().splitlines(True) if "OneDL" not in line), sep="", end="")


@contextlib.contextmanager
def quiet_model_building() -> Iterator[None]:
    """Drop warnings about choices that are meant while a net is built."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="|".join(MODEL_NOTICES))
        yield
