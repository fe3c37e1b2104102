"""Truth and prediction of one image, with boundaries and true objects, for all measures of limits.

C classes, H x W image. Void is id C in the truth and at the same pixels of the prediction, so that predictions there don't count.
The border of void is a boundary in both, as in DeepLab's trimaps on PASCAL VOC, whose void strips are the boundaries. The image
border is not a boundary.
"""

from __future__ import annotations

from functools import cached_property
from typing import Protocol

import cv2
import numpy as np

SIDES = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))


class Measure(Protocol):
    """A measure: counts that add up over images, and scores from their sum."""

    def shape(self, classes: int) -> tuple[int, ...]:
        """Return the shape of the counts."""

    def count(self, maps: Maps) -> np.ndarray:
        """Count an image."""

    def scores(self, counts: np.ndarray) -> dict[str, np.ndarray]:
        """Compute scores with the class as last axis."""


class Maps:
    """Truth and prediction of an image.

    Args:
        label: (H, W) true ids, 0 .. C - 1 or ``ignore_index``.
        prediction: (H, W) predicted ids, 0 .. C - 1.
        classes: C.
        ignore_index: id of void.
    """

    def __init__(self, label: np.ndarray, prediction: np.ndarray, classes: int, ignore_index: int) -> None:
        kind = np.uint8 if classes < 255 else np.uint16  # C + 1 must fit, as the id outside the image
        void = label == ignore_index
        self.classes = classes
        self.truth = np.where(void, classes, label).astype(kind)
        self.guess = np.where(void, classes, prediction).astype(kind)
        self.labelled = ~void

    @cached_property
    def hits(self) -> np.ndarray:
        """Labelled pixels whose class is predicted, (H, W) bool."""
        return self.labelled & (self.truth == self.guess)

    @cached_property
    def edges(self) -> np.ndarray:
        """True boundary pixels, which share a side with a pixel of another id, (H, W) bool."""
        return edges(self.truth)

    @cached_property
    def depth(self) -> np.ndarray:
        """Euclidean distance to the nearest true boundary pixel, in pixels, (H, W) float32; H + W if there is none."""
        distance = cv2.distanceTransform(np.uint8(~self.edges), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
        return np.minimum(distance, sum(self.truth.shape))

    @cached_property
    def objects(self) -> tuple[np.ndarray, np.ndarray]:
        """Number the true objects: 8-connected pieces of a class.

        Returns:
            (H, W) int32 numbers, 0 for void and 1 .. K for objects; (K + 1,) the class of each, C for void.
        """
        numbers, owners = np.zeros(self.truth.shape, np.int32), [self.classes]
        for label in np.unique(self.truth[self.labelled]).tolist():
            there = self.truth == label
            count, pieces = cv2.connectedComponents(np.uint8(there), connectivity=8)
            numbers[there] = pieces[there] + len(owners) - 1
            owners += [label] * (count - 1)
        return numbers, np.array(owners)

    def points(self, places: np.ndarray, ids: np.ndarray) -> np.ndarray:
        """Return pixels as points (K, 3): y, x and the class, scaled so that classes are farther apart than any pixels."""
        y, x = np.nonzero(places)
        return np.stack([y, x, ids[y, x] * float(sum(ids.shape))], axis=1)


def edges(ids: np.ndarray) -> np.ndarray:
    """Find the pixels of a label map (H, W) that share a side with a pixel of another id; (H, W) bool."""
    return cv2.erode(ids, SIDES) != cv2.dilate(ids, SIDES)


def band(ids: np.ndarray, distance: int, outside: int) -> np.ndarray:
    """Find the pixels of a label map (H, W) with another id, or the image border, within ``distance`` rows and columns.

    For each class's mask this is mask - erode(mask), eroded ``distance`` times by 3 x 3. ``outside`` is an id above all others.
    """
    square = np.ones((2 * distance + 1, 2 * distance + 1), np.uint8)
    highest = cv2.dilate(ids, square, borderType=cv2.BORDER_CONSTANT, borderValue=outside)
    return cv2.erode(ids, square) != highest


def tally(ids: np.ndarray, classes: int) -> np.ndarray:
    """Count the pixels of each class, (C,) int64; void is left out."""
    return np.bincount(ids.ravel(), minlength=classes + 1)[:classes]


def ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Divide counts; NaN if ``whole`` is 0."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return part / whole
