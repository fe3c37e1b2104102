"""Compute all scores from one integer confusion matrix (CVPR 2015, sec. 5, "Metrics").

n[i, j] counts the pixels of class i predicted as j, without void; C classes, int64.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

# keys of ``scores`` -> names in the papers
SCORE_NAMES = {"aAcc": "pixel acc", "mAcc": "mean acc", "mIoU": "mean IU", "fwIoU": "f.w. IU"}
# scores that ``FCNMetric(detail=True)`` adds
DETAIL_NAMES = {"mPrecision": "mean precision", "mDice": "mean Dice", "image_mIoU": "mean IU of images"}


def confusion_matrix(label: Tensor, prediction: Tensor, num_classes: int, ignore_index: int) -> Tensor:
    """Count the pixels of one image or batch: (C, C) int64, on the device of ``label``.

    Args:
        label: true ids, any shape, each in 0 .. C - 1 or ``ignore_index``.
        prediction: predicted ids in 0 .. C - 1, of the same shape.
        num_classes: C.
        ignore_index: the id of void.
    """
    # void gets an extra row, dropped below; masking the pixels would take ten times as long
    row = torch.where(label == ignore_index, num_classes, label.long())
    counts = torch.bincount((num_classes * row + prediction).flatten(), minlength=num_classes * (num_classes + 1))
    return counts[: num_classes**2].reshape(num_classes, num_classes)


def scores(matrix: np.ndarray, left_out: Sequence[int] = ()) -> dict[str, float]:
    """Compute pixel accuracy, mean accuracy, mean IU and frequency-weighted IU, each in 0 .. 1.

    With t_i = sum_j n_ij: ``aAcc`` = sum_i n_ii / sum_i t_i, ``mAcc`` = mean_i n_ii / t_i, ``mIoU`` = mean_i
    n_ii / (t_i + sum_j n_ji - n_ii), ``fwIoU`` = sum_i t_i IU_i / sum_i t_i. A class without true pixels has no
    accuracy, one without true and predicted pixels no IU; means leave them out, and the classes ``left_out`` in any case.
    """
    accuracy, iou = per_class(matrix, left_out)
    true = matrix.sum(1)
    total = max(int(true.sum()), 1)
    pixel_accuracy, weighted = float(np.diag(matrix).sum() / total), float(np.nansum(true * iou) / total)
    return {"aAcc": pixel_accuracy, "mAcc": mean_or_zero(accuracy), "mIoU": mean_or_zero(iou), "fwIoU": weighted}


def per_class(matrix: np.ndarray, left_out: Sequence[int] = ()) -> tuple[np.ndarray, np.ndarray]:
    """Compute (accuracy, IU) of each class, (C,) each in 0 .. 1; NaN marks an absent class, and those ``left_out``."""
    hit, true, predicted = np.diag(matrix), matrix.sum(1), matrix.sum(0)
    with np.errstate(invalid="ignore", divide="ignore"):
        accuracy, iou = hit / true, hit / (true + predicted - hit)
    accuracy[list(left_out)] = iou[list(left_out)] = np.nan
    return accuracy, iou


def precision_and_dice(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Compute (precision, Dice) of each class, (C,) each in 0 .. 1; NaN if undefined.

    With t_i true and p_i predicted pixels: precision = n_ii / p_i, undefined for a class that is never predicted; Dice (F1) =
    2 n_ii / (t_i + p_i), the harmonic mean of precision and accuracy, which is recall.
    """
    hit, true, predicted = np.diag(matrix), matrix.sum(1), matrix.sum(0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return hit / predicted, 2 * hit / (true + predicted)


def mean_present(values: np.ndarray) -> float:
    """Average over the values that are not NaN; NaN if there are none."""
    present = values[~np.isnan(values)]
    return float(present.mean()) if present.size else float("nan")


def mean_or_zero(values: np.ndarray) -> float:
    """Average over the values that are not NaN; 0 if there are none."""
    return 0.0 if np.isnan(mean := mean_present(values)) else mean
