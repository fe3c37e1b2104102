"""Check the class ids of a mask, in training and in evaluation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from .errors import UserError


def check_label_ids(label: Tensor, num_classes: int, ignore_index: int, sample: Mapping[str, Any]) -> None:
    """Raise an error for a mask with ids that are neither classes nor ignored.

    Args:
        label: class ids of any shape.
        num_classes: ids 0 .. num_classes - 1 are classes.
        ignore_index: id that loss and scores leave out.
        sample: meta information of a data sample, for the message: ``seg_map_path``, ``reduce_zero_label``.

    Raises:
        UserError: ``mask-ids``, with the file, the ids and their numbers of pixels.
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
        f"{path}: {found} outside the classes {classes} and not the ignored id {ignore_index}: "
        "correct the mask, or set num_classes (or ignore_index) to match the data",
    )


def has_stray_ids(label: Tensor, num_classes: int, ignore_index: int) -> Tensor:
    """Return whether :func:`check_label_ids` would raise: a bool tensor on the label's device, to avoid a GPU sync."""
    return _strays(label, num_classes, ignore_index).any()


def _strays(label: Tensor, num_classes: int, ignore_index: int) -> Tensor:
    return ((label < 0) | (label >= num_classes)) & (label != ignore_index)
