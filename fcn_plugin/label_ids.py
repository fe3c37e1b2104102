"""Check the class ids of a mask, in training and in evaluation."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from .errors import UserError


def check_label_ids(label: Tensor, num_classes: int, ignore_index: int, sample: Mapping) -> None:
    """Refuse a mask with ids that are neither classes nor ignored.

    Args:
        label: class ids of any shape.
        num_classes: ids 0 .. num_classes - 1 are classes.
        ignore_index: the one id left out of loss and scores.
        sample: ``seg_map_path`` and ``reduce_zero_label`` of a data sample, for the message: ids of the file.

    Raises:
        UserError: ``mask-ids``; names the file, the ids and how many pixels carry them.
    """
    stray = label[_strays(label, num_classes, ignore_index)]
    if stray.numel() == 0:
        return
    ids, counts = torch.unique(stray, return_counts=True)
    first = int(bool(sample.get("reduce_zero_label")))  # class 0 is id 1 of the file
    found = ", ".join(f"id {first + i} ({n} px)" for i, n in zip(ids.tolist(), counts.tolist(), strict=True))
    path, classes = sample.get("seg_map_path") or "a mask in memory", f"{first}..{first + num_classes - 1}"
    raise UserError(
        "mask-ids",
        f"{path}: {found} outside the classes {classes} and not the ignored id {ignore_index}; "
        "correct the mask, or set num_classes (or ignore_index) to match the data",
    )


def has_stray_ids(label: Tensor, num_classes: int, ignore_index: int) -> Tensor:
    """Return whether :func:`check_label_ids` would refuse: one bool, left on the label's device so that a GPU is not waited for."""
    return _strays(label, num_classes, ignore_index).any()


def _strays(label: Tensor, num_classes: int, ignore_index: int) -> Tensor:
    return ((label < 0) | (label >= num_classes)) & (label != ignore_index)
