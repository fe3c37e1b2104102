"""Scores for multi-label segmentation: each label is scored against its own masks, without void."""

from __future__ import annotations

import numpy as np
import torch
from mmseg.registry import METRICS

from .confusion import confusion_matrix, mean_or_zero
from .metric import FCNMetric


@METRICS.register_module()
class MultilabelMetric(FCNMetric):
    """Compute IU and Dice of each label, and their means; arguments and files are those of :class:`FCNMetric`.

    n[c, i, j] counts the pixels of label c with truth i and prediction j, 0 or 1. With TP = n[c, 1, 1], FP = n[c, 0, 1] and
    FN = n[c, 1, 0] of a label, ``IoU`` = TP / (TP + FP + FN), ``Dice`` (F1) = 2 TP / (2 TP + FP + FN) and ``accuracy`` =
    TP / (TP + FN). ``mIoU``, ``mDice`` and ``mAcc`` are means over the labels that occur, ``fwIoU`` is weighted by their pixels,
    and ``aAcc`` is the share of right predictions over all pixels and labels.
    """

    ids, maps = 2, property(lambda self: len(self.classes))

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the matrix."""
        return self.maps, 2, 2

    def count(self, label: torch.Tensor, prediction: torch.Tensor) -> torch.Tensor:
        """Count the pixels of one image: (C, 2, 2) int64."""
        pairs = zip(label, prediction, strict=True)
        return torch.stack([confusion_matrix(truth, guess, 2, self.ignore_index) for truth, guess in pairs])

    def true_pixels(self, matrix: np.ndarray) -> np.ndarray:
        """Count the true pixels of each label, (C,)."""
        return matrix[:, 1].sum(1)

    def columns(self, matrix: np.ndarray) -> dict[str, np.ndarray]:
        """Compute accuracy, Dice and IU of each label, (C,) each; NaN marks an absent label."""
        hit, missed, wrong = matrix[:, 1, 1], matrix[:, 1, 0], matrix[:, 0, 1]
        with np.errstate(invalid="ignore", divide="ignore"):
            precision = {"precision": hit / (hit + wrong)} if self.detail else {}
            dice = 2 * hit / (2 * hit + missed + wrong)
            return {"accuracy": hit / (hit + missed), **precision, "Dice": dice, "IoU": hit / (hit + missed + wrong)}

    def compute_metrics(self, results: list[np.ndarray]) -> dict[str, float]:
        """Compute the scores of the single matrix in ``results``."""
        (matrix,) = results
        columns, true = self.columns(matrix), self.true_pixels(matrix)
        mean = {name: mean_or_zero(column) for name, column in columns.items()}
        right = float((matrix[:, 0, 0] + matrix[:, 1, 1]).sum() / max(1, matrix.sum()))
        weighted = float(np.nansum(true * columns["IoU"]) / max(1, true.sum()))
        found = {"aAcc": right, "mAcc": mean["accuracy"], "mIoU": mean["IoU"], "fwIoU": weighted, "mDice": mean["Dice"]}
        return {**found, "mPrecision": mean["precision"]} if self.detail else found
