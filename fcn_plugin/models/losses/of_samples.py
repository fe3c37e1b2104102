"""Check the masks of a batch of samples and compute a head's losses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mmseg.structures import BasePixelSampler
from torch import Tensor

from ...errors import UserError
from ...label_ids import check_label_ids, has_stray_ids
from ..decision import SOFTMAX, Decision, as_pair
from .terms import Term, pixel_losses


def sample_losses(
    terms: Iterable[Term],
    logits: Tensor,
    label: Tensor,
    metas: Sequence[Mapping[str, Any]],
    num_classes: int,
    decision: Decision = SOFTMAX,
    ignore_index: int = 255,
    sampler: BasePixelSampler | None = None,
) -> dict[str, Tensor]:
    """Compute the losses of :func:`.pixel_losses`; never resize, and check the ids of the masks.

    Args:
        terms: loss functions.
        logits: (N, C or 1, H, W).
        label: (N, 1, H, W) class ids, or (N, C, H, W) for multi-label nets.
        metas: meta information of each sample, with its file names.
        num_classes: C.
        decision: how labels follow from the logits.
        ignore_index: the id of void.
        sampler: mmseg's pixel sampler, if any.

    Raises:
        UserError: ``mask-size``, ``classes-count`` for another number of maps, ``mask-ids``.
    """
    check_masks(label, tuple(logits.shape[-2:]), metas, num_classes, decision, ignore_index)
    sampled = as_pair(logits) if getattr(sampler, "thresh", None) is not None else logits  # for OHEM
    weight = sampler.sample(sampled, label) if sampler is not None else None
    label = label if decision.multilabel else label.squeeze(1)
    return pixel_losses(terms, logits, label, weight, ignore_index, decision)


def check_masks(
    label: Tensor,
    wanted: tuple[int, ...],
    metas: Sequence[Mapping[str, Any]],
    num_classes: int,
    decision: Decision = SOFTMAX,
    ignore_index: int = 255,
) -> None:
    """Check number, size and ids of the masks of :func:`sample_losses`, which raises the same errors; ``wanted`` is (H, W)."""
    size = tuple(label.shape[-2:])
    if size != wanted:
        raise UserError("mask-size", f"masks of {paths_of(metas)} are {size}, the images {wanted}: make them equal")
    maps, ids = (num_classes, 2) if decision.multilabel else (1, num_classes)
    if label.shape[1] != maps:
        found = f"masks of {paths_of(metas)} have {label.shape[1]} maps, but the net needs {maps}"
        raise UserError("classes-count", f"{found}: set multilabel and num_classes of the head to match the masks")
    if has_stray_ids(label, ids, ignore_index):  # waits for a GPU once, not for each sample
        for meta, mask in zip(metas, label, strict=True):
            check_label_ids(mask, ids, ignore_index, meta)


def paths_of(metas: Iterable[Mapping[str, Any]]) -> str:
    """Name the images of a batch."""
    return ", ".join(str(meta.get("img_path", "an image in memory")) for meta in metas)
