"""Data that a report keeps of single images: counts of each, and small maps of the worst and the best.

C classes; IU and accuracy in 0 .. 1, NaN if undefined.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import cv2
import numpy as np

from ..evaluation.confusion import mean_present

SIDE = 480  # px, longest side of a kept map


@dataclass(frozen=True)
class ImageCounts:
    """An image's right, true and predicted pixels of each class without void: (3, C) int64."""

    path: str
    counts: np.ndarray

    @classmethod
    def of_matrix(cls, path: str, matrix: np.ndarray) -> ImageCounts:
        """Compute the counts from an image's confusion matrix (C, C)."""
        return cls(path, np.stack([np.diag(matrix), matrix.sum(1), matrix.sum(0)]))

    @property
    def iou(self) -> np.ndarray:
        """IU of each class, (C,)."""
        right, true, predicted = self.counts
        with np.errstate(invalid="ignore", divide="ignore"):
            return right / (true + predicted - right)

    @cached_property
    def mean_iou(self) -> float:
        """Mean IU over the classes in truth or prediction of this image; NaN if all is void."""
        return mean_present(self.iou)

    @property
    def pixels(self) -> int:
        """Number of labelled pixels."""
        return int(self.counts[1].sum())

    @property
    def accuracy(self) -> float:
        """Share of right pixels; NaN if all is void."""
        return float(self.counts[0].sum() / self.pixels) if self.pixels else float("nan")

    @property
    def rank(self) -> tuple[float, str]:
        """Sort key, worst image first."""
        return self.mean_iou, self.path

    def costly(self, most: int = 3) -> list[int]:
        """List the classes with the lowest IU (of equal ones, those with more wrong pixels first)."""
        right, true, predicted = self.counts
        wrong = true + predicted - 2 * right
        return sorted(np.flatnonzero(wrong).tolist(), key=lambda label: (self.iou[label], -wrong[label]))[:most]


@dataclass
class Examples:
    """Keep shrunk truth and prediction of the images with the lowest and highest mean IU, in constant memory.

    Args:
        worst, best: number of each.
        kept: :attr:`ImageCounts.rank` -> (truth, prediction), each (h, w).
    """

    worst: int
    best: int
    kept: dict[tuple[float, str], tuple[np.ndarray, np.ndarray]] = field(default_factory=dict)

    def offer(self, rank: tuple[float, str], maps: Callable[[], tuple[np.ndarray, np.ndarray]]) -> None:
        """Keep the maps (H, W) of an image if it is among the worst or best so far; only then ``maps`` is called."""
        if rank not in self._excess({*self.kept, rank}):
            truth, guess = maps()
            self.kept[rank] = shrink(truth), shrink(guess)
            self._drop()

    def join(self, others: Sequence[Examples]) -> None:
        """Add the examples of other processes."""
        for other in others:
            self.kept |= other.kept
        self._drop()

    def choose(self) -> tuple[list[tuple[float, str]], list[tuple[float, str]]]:
        """Return the ranks of the worst, worst first, and of the best, best first, without overlap."""
        ranked = sorted(self.kept)
        return ranked[: self.worst], ranked[max(self.worst, len(ranked) - self.best) :][::-1]

    def _drop(self) -> None:
        for rank in self._excess(self.kept):
            del self.kept[rank]

    def _excess(self, ranks: Iterable[tuple[float, str]]) -> list[tuple[float, str]]:
        ranked = sorted(ranks)
        return ranked[self.worst : max(self.worst, len(ranked) - self.best)]


def shrink(ids: np.ndarray, side: int = SIDE) -> np.ndarray:
    """Shrink ids or an image to a longest side of ``side`` px; ids keep their values, an image is averaged."""
    height, width = ids.shape[:2]
    scale = side / max(height, width)
    if scale >= 1:
        return ids
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return cv2.resize(ids, size, interpolation=cv2.INTER_NEAREST if ids.ndim == 2 else cv2.INTER_AREA)
