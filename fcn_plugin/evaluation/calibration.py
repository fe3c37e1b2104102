"""Calibration: how often a net is right among pixels of equal confidence.

Guo, Pleiss, Sun and Weinberger, "On calibration of modern neural networks", ICML 2017. The confidence of a pixel is the
probability of its predicted class. Bin b of B holds confidences in [b / B, (b + 1) / B); 1 is in the last bin. Counts are integers
and confidences integer multiples of 2^-24, float32's resolution from 0.5 to 1, so that sums don't depend on the order.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

BINS = 15
UNIT = 1 << 24


def count_confidence(probabilities: Tensor, label: Tensor, prediction: Tensor, ignore_index: int) -> Tensor:
    """Count the pixels, the right pixels and the summed confidence of one image in each bin: (3, B) int64.

    Args:
        probabilities: (C, H, W) float.
        label: (H, W) true ids, or ``ignore_index`` for pixels to leave out.
        prediction: (H, W) predicted ids, int64.
        ignore_index: id of void.
    """
    there = label != ignore_index
    confidence = probabilities.gather(0, prediction[None].long())[0][there]
    right = (label == prediction)[there]
    units = (confidence.double() * UNIT).round().long()
    bins = (units * BINS // UNIT).clamp(max=BINS - 1)
    # float64 sums are exact up to 2^53: half a billion pixels of confidence 1
    sums = torch.bincount(bins, weights=units.double(), minlength=BINS).long()
    return torch.stack([torch.bincount(bins, minlength=BINS), torch.bincount(bins[right], minlength=BINS), sums])


def reliability(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Compute (share of all pixels, accuracy, mean confidence) of each bin, (B,) each; the last two are NaN in empty bins."""
    pixels, right, units = counts
    with np.errstate(invalid="ignore", divide="ignore"):
        return pixels / pixels.sum(), right / pixels, units / UNIT / pixels


def calibration_error(counts: np.ndarray) -> float:
    """Compute the expected calibration error, sum_b share_b |accuracy_b - confidence_b|, in 0 .. 1; NaN without pixels."""
    pixels, right, units = counts
    return float(np.abs(right - units / UNIT).sum() / total) if (total := pixels.sum()) else float("nan")
