"""Compare a checkpoint's class names with those of a run, since weights for other classes load if their number is equal."""

from __future__ import annotations

import logging

from mmengine.config import ConfigDict
from mmengine.logging import print_log

from ..checkpoints.read import Checkpoint
from ..data.leaves import declared_meta, leaf_datasets
from ..errors import UserError, abbreviate


def check_class_names(checkpoint: Checkpoint, cfg: ConfigDict, split: str, resuming: bool) -> None:
    """Compare class names with those of the config's ``split``; if they differ, log a warning, or refuse to resume.

    Raises:
        UserError: checkpoint-classes, if ``resuming``.
    """
    loader, meta = cfg.get(f"{split}_dataloader"), checkpoint.meta.get("dataset_meta")
    entry = next(leaf_datasets(loader["dataset"])) if isinstance(loader, dict) else None
    theirs = meta.get("classes") if isinstance(meta, dict) else None
    ours = declared_meta(entry).get("classes") if isinstance(entry, dict) else None  # may be a file name
    if not isinstance(theirs, (list, tuple)) or not isinstance(ours, (list, tuple)) or len(theirs) != len(ours):
        return
    pairs = [(number, *names) for number, names in enumerate(zip(theirs, ours, strict=True)) if names[0] != names[1]]
    if not pairs:
        return
    found = abbreviate([f"{number} is {old!r} in the checkpoint, {new!r} in the config" for number, old, new in pairs])
    found = f"{checkpoint.path} was trained for other classes: {found}"
    if not resuming:
        print_log(f"{found}; channels keep their order", logger="current", level=logging.WARNING)
        return
    remedy = f"Resume with the run's class names, or start a new run from its weights: --load-from {checkpoint.path}"
    raise UserError("checkpoint-classes", f"{found}. {remedy}")
