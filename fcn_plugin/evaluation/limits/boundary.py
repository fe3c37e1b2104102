"""Boundary IoU and boundary F1.

Cheng, Girshick, Dollar, Berg and Kirillov, "Boundary IoU", CVPR 2021; Csurka, Larlus and Perronnin, "What is a good evaluation
measure for semantic segmentation?", BMVC 2013. Both are counted over the data set here, as mean IU is; Csurka et al. average over
images.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import hypot

import numpy as np

from .maps import Maps, band, edges, ratio, tally


@dataclass(frozen=True)
class BoundaryIoU:
    """Count the pixels at most d from the contour of each class's mask, inside it: of the truth, of the prediction, of both.

    d is ``share`` of the image's diagonal in whole pixels, at least 1, measured as the authors' code does: by erosions of
    3 x 3, to which the border of the image is a contour.
    """

    share: float = 0.02

    def shape(self, classes: int) -> tuple[int, ...]:
        """Return the sides of the counts: both, truth, prediction; classes."""
        return 3, classes

    def count(self, maps: Maps) -> np.ndarray:
        """Count one image."""
        distance = max(1, round(self.share * hypot(*maps.truth.shape)))
        inner = [band(ids, distance, maps.classes + 1) for ids in (maps.truth, maps.guess)]
        true, predicted = (ids[where] for ids, where in zip((maps.truth, maps.guess), inner, strict=True))
        both = maps.truth[inner[0] & inner[1] & maps.hits]
        return np.stack([tally(ids, maps.classes) for ids in (both, true, predicted)])

    def scores(self, counts: np.ndarray) -> dict[str, np.ndarray]:
        """Compute the IU of the two bands of each class, (C,)."""
        both, true, predicted = counts
        return {"boundary_IoU": ratio(both, true + predicted - both)}


@dataclass(frozen=True)
class BoundaryF1:
    """Count the boundary pixels of each class in truth and prediction, and those with one of the other nearer than theta.

    theta is ``tolerance`` times the image's diagonal. A class's boundary pixels are its own that share a side with another id.
    """

    tolerance: float = 0.0075

    def shape(self, classes: int) -> tuple[int, ...]:
        """Return the sides of the counts: true, of them found, predicted, of them right; classes."""
        return 4, classes

    def count(self, maps: Maps) -> np.ndarray:
        """Count one image."""
        theta = self.tolerance * hypot(*maps.truth.shape)
        sides = [
            np.where(where, ids, maps.classes)
            for ids, where in ((maps.truth, maps.edges), (maps.guess, edges(maps.guess)))
        ]
        counts = []
        for ids, other in (sides, reversed(sides)):
            counts += [tally(ids, maps.classes), tally(_near(ids, other, theta, maps.classes), maps.classes)]
        return np.stack(counts)

    def scores(self, counts: np.ndarray) -> dict[str, np.ndarray]:
        """Compute 2 P R / (P + R) of each class (C,); 0 for one that has a boundary on one side alone."""
        true, found, predicted, right = counts
        recall, precision = found / np.maximum(true, 1), right / np.maximum(predicted, 1)
        f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-300)
        return {"boundary_F1": np.where(true + predicted > 0, f1, np.nan)}


def _near(ids: np.ndarray, other: np.ndarray, theta: float, none: int) -> np.ndarray:
    """Return the ids of pixels that have their own id in ``other`` nearer than ``theta``, of (H, W) maps with ``none`` elsewhere.

    Looks at one offset after the other, nearest first, for the pixels that are left: a tenth of the time of a tree of points, or of
    a distance transform for each class.
    """
    reach = int(theta) + 1
    other = np.pad(other, reach, constant_values=none)
    offsets = [(y, x) for y in range(-reach, reach + 1) for x in range(-reach, reach + 1) if hypot(y, x) < theta]
    y, x = np.nonzero(ids != none)
    left = ids[y, x]
    found = []
    for dy, dx in sorted(offsets, key=lambda offset: hypot(*offset)):
        near = other[y + (reach + dy), x + (reach + dx)] == left
        found.append(left[near])
        y, x, left = y[~near], x[~near], left[~near]
    return np.concatenate(found)
