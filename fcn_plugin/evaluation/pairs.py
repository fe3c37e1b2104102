"""Check and return truth and prediction of data samples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from ..errors import UserError
from ..label_ids import check_label_ids, has_stray_ids


def checked_pairs(
    samples: Sequence[dict[str, Any]], ids: int, maps: int, ignore_index: int, metric: str
) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Return (maps, H, W) truth and prediction of each sample, on the prediction's device.

    Args:
        samples: a batch.
        ids: number of ids without void.
        maps: required number of maps: 1, or the number of classes for multi-label nets.
        ignore_index: id of void.
        metric: name of the metric, for messages.

    Raises:
        UserError: mask-size, mask-ids; config-data: a sample has no mask; ``classes-count``: a wrong number of maps, or the net
            predicts more classes than the data set has.
    """
    pairs = [paired(sample, maps, metric) for sample in samples]
    wrong = [has_stray_ids(mask, ids, ignore_index) | (guess.max() >= ids) for mask, guess in pairs]
    if pairs and torch.stack(wrong).any():  # a single GPU sync instead of one per sample
        for sample, (label, prediction) in zip(samples, pairs, strict=True):
            check_label_ids(label, ids, ignore_index, sample)
            if (most := int(prediction.max())) >= ids:
                what = f"the net predicts class {most}, but the data set has {ids} classes"
                raise UserError("classes-count", f"{what}: set model.decode_head.num_classes")
    return pairs


def paired(sample: dict[str, Any], maps: int, metric: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Return truth and prediction of one sample like :func:`checked_pairs`, without checking ids."""
    if "gt_sem_seg" not in sample:
        what = f"{sample.get('img_path')} has no mask to score against"
        remedy = "set data_prefix.seg_map_path of its data set, and add FCNLoadAnnotations to the pipeline"
        raise UserError("config-data", f"{what}: {remedy}")
    label, prediction = (sample[key]["data"] for key in ("gt_sem_seg", "pred_sem_seg"))
    file = sample.get("seg_map_path") or sample.get("img_path")
    if label.shape[-2:] != prediction.shape[-2:]:
        what = f"the mask has size {tuple(label.shape[-2:])}, its image {tuple(prediction.shape[-2:])}"
        remedy = "they must be equal; val and test pipelines must load masks last, after any Resize, and not crop"
        raise UserError("mask-size", f"{file}: {what}: {remedy}")
    if not len(label) == len(prediction) == maps:
        found = f"the mask has {len(label)} maps, the prediction {len(prediction)}"
        what = f"{found}, but {metric} needs {maps}"
        raise UserError(
            "classes-count",
            f"{file}: {what}. Multi-label nets need MultilabelMetric, multi-task nets FCNMetric(task=NAME)",
        )
    return label.to(prediction.device), prediction
