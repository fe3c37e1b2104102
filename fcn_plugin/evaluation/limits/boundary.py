"""Boundary IoU and boundary F1.

Cheng, Girshick, Dollar, Berg and Kirillov, "Boundary IoU", CVPR 2021; Csurka, Larlus and Perronnin, "What is a good evaluation
measure for semantic segmentation?", BMVC 2013. Here both are counted over the data set, like mean IU; Csurka et al. average over
images.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import hypot

import numpy as np

from .maps import Maps, band, edges, ratio, tally


@dataclass(frozen=True)
class BoundaryIoU:
    """Count the pixels inside each class's mask at most d from its contour: in truth, prediction and both.

    d is ``share`` of the image diagonal, rounded, at least 1 pixel. As in the authors' code it is measured by 3 x 3 erosions, for
    which the image border is a contour.
    """

    share: float = 0.02

    def shape(self, classes: int) -> tuple[int, ...]:
        """Return the shape of the counts: (both, truth, prediction), classes."""
        return 3, classes

    def count(self, maps: Maps) -> np.ndarray:
        """Count one image."""
        distance = max(1, round(self.share * hypot(*maps.truth.shape)))
        inner = [band(ids, distance, maps.classes + 1) for ids in (maps.truth, maps.guess)]
        true, predicted = (ids[where] for ids, where in zip((maps.truth, maps.guess), inner, strict=True))
        both = maps.truth[inner[0] & inner[1] & maps.hits]
        return np.stack([tally(ids, maps.classes) for ids in (both, true, predicted)])

    def scores(self, counts: np.ndarray) -> dict[str, np.ndarray]:
        """Compute the IU of true and predicted band of each class, (C,)."""
        both, true, predicted = counts
        return {"boundary_IoU": ratio(both, true + predicted - both)}


@dataclass(frozen=True)
class BoundaryF1:
    """Count each class's boundary pixels in truth and prediction, and those that match one of the other within theta.

    theta is ``tolerance`` times the image diagonal. Boundary pixels of a class are its pixels that share a side with another id.
    """

    tolerance: float = 0.0075

    def shape(self, classes: int) -> tuple[int, ...]:
        """Return the shape of the counts: (true, matched true, predicted, matched predicted), classes."""
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
        """Compute 2 P R / (P + R) of each class, (C,); 0 if only truth or only prediction has a boundary."""
        true, found, predicted, right = counts
        recall, precision = found / np.maximum(true, 1), right / np.maximum(predicted, 1)
        f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-300)
        return {"boundary_F1": np.where(true + predicted > 0, f1, np.nan)}


def _near(ids: np.ndarray, other: np.ndarray, theta: float, none: int) -> np.ndarray:
    """Return the ids of pixels that find their id in ``other`` within ``theta``; (H, W) maps with ``none`` off the boundaries.

    Checks offsets from near to far for the pixels that are still unmatched: ten times as fast as a k-d tree or a distance transform
    for each class.
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
