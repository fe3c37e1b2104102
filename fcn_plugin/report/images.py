"""What a report keeps of single images: the counts of each, and small maps of the worst and the best.

C classes; IU and accuracy in 0 .. 1, NaN where there is none.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import cv2
import numpy as np

from ..evaluation.confusion import mean_present

SIDE = 480  # px, the longest of a kept map


@dataclass(frozen=True)
class ImageCounts:
    """The pixels of one image by class: right, true, predicted, (3, C) int64, void left out."""

    path: str
    counts: np.ndarray

    @classmethod
    def of_matrix(cls, path: str, matrix: np.ndarray) -> ImageCounts:
        """Take them from an image's confusion matrix (C, C)."""
        return cls(path, np.stack([np.diag(matrix), matrix.sum(1), matrix.sum(0)]))

    @property
    def iou(self) -> np.ndarray:
        """IU of each class, (C,)."""
        right, true, predicted = self.counts
        with np.errstate(invalid="ignore", divide="ignore"):
            return right / (true + predicted - right)

    @cached_property
    def mean_iou(self) -> float:
        """Mean IU of the classes that the truth or the prediction of this image has; NaN where all is void."""
        return mean_present(self.iou)

    @property
    def pixels(self) -> int:
        """How many pixels have a true class."""
        return int(self.counts[1].sum())

    @property
    def accuracy(self) -> float:
        """Share of right pixels."""
        return float(self.counts[0].sum() / self.pixels) if self.pixels else float("nan")

    @property
    def rank(self) -> tuple[float, str]:
        """Key that puts the worst image first."""
        return self.mean_iou, self.path

    def costly(self, most: int = 3) -> list[int]:
        """List the classes that lower the mean IU most: those of the lowest IU, of equal ones that with more wrong pixels."""
        right, true, predicted = self.counts
        wrong = true + predicted - 2 * right
        return sorted(np.flatnonzero(wrong), key=lambda label: (self.iou[label], -wrong[label]))[:most]


@dataclass
class Examples:
    """Truth and prediction of the images with the lowest and the highest mean IU, shrunk: memory does not grow.

    Args:
        worst, best: how many of each.
        kept: :attr:`ImageCounts.rank` -> (truth, prediction), each (h, w).
    """

    worst: int
    best: int
    kept: dict[tuple[float, str], tuple[np.ndarray, np.ndarray] | None] = field(default_factory=dict)

    def offer(self, rank: tuple[float, str], maps: Callable[[], tuple[np.ndarray, np.ndarray]]) -> None:
        """Keep the maps (H, W) of an image, which are computed only then, if it is among the worst or the best so far."""
        self.kept[rank] = None
        self._drop()
        if rank in self.kept:
            self.kept[rank] = tuple(shrink(each) for each in maps())

    def join(self, others: Sequence[Examples]) -> None:
        """Take over those that other processes kept."""
        for other in others:
            self.kept |= other.kept
        self._drop()

    def choose(self) -> tuple[list[tuple[float, str]], list[tuple[float, str]]]:
        """Return the ranks of the worst, worst first, and of the best, best first; no image is both."""
        ranked = sorted(self.kept)
        return ranked[: self.worst], ranked[max(self.worst, len(ranked) - self.best) :][::-1]

    def _drop(self) -> None:
        ranked = sorted(self.kept)
        for rank in ranked[self.worst : max(self.worst, len(ranked) - self.best)]:
            del self.kept[rank]


def shrink(ids: np.ndarray, side: int = SIDE) -> np.ndarray:
    """Shrink ids or an image to a longest side of ``side`` px; ids keep their values, an image is averaged."""
    height, width = ids.shape[:2]
    scale = side / max(height, width)
    if scale >= 1:
        return ids
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return cv2.resize(ids, size, interpolation=cv2.INTER_NEAREST if ids.ndim == 2 else cv2.INTER_AREA)
