"""What the measures of limits share for one image: truth and prediction, their boundaries, the true objects.

C classes, H x W image. Void is id C in the truth and, at the same pixels, in the prediction: what a net says there changes no
count. A border of void is a boundary that both have, as in DeepLab's trimaps on PASCAL VOC, whose void strips are the boundaries.
The border of the image is none.
"""

from __future__ import annotations

from functools import cached_property

import cv2
import numpy as np

SIDES = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))


class Maps:
    """Truth and prediction of an image.

    Args:
        label: (H, W) true ids, 0 .. C - 1 or ``ignore_index``.
        prediction: (H, W) predicted ids, 0 .. C - 1.
        classes: C.
        ignore_index: the id of void.
    """

    def __init__(self, label: np.ndarray, prediction: np.ndarray, classes: int, ignore_index: int) -> None:
        kind = np.uint8 if classes < 255 else np.uint16  # of which C + 1 is free, for what lies outside of the image
        void = label == ignore_index
        self.classes = classes
        self.truth = np.where(void, classes, label).astype(kind)
        self.guess = np.where(void, classes, prediction).astype(kind)
        self.labelled = ~void

    @cached_property
    def hits(self) -> np.ndarray:
        """(H, W) bool: labelled pixels whose class is predicted."""
        return self.labelled & (self.truth == self.guess)

    @cached_property
    def edges(self) -> np.ndarray:
        """(H, W) bool: true boundary pixels, which share a side with a pixel of another id."""
        return edges(self.truth)

    @cached_property
    def depth(self) -> np.ndarray:
        """(H, W) float32: Euclidean distance to the nearest true boundary pixel, in pixels; H + W where the image has none."""
        distance = cv2.distanceTransform(np.uint8(~self.edges), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
        return np.minimum(distance, sum(self.truth.shape))

    @cached_property
    def objects(self) -> tuple[np.ndarray, np.ndarray]:
        """Number the true objects, pieces of a class that hang together over sides or corners.

        Returns:
            (H, W) int32, 0 for void and 1 .. K for objects; (K + 1,) the class of each, C for void.
        """
        numbers, owners = np.zeros(self.truth.shape, np.int32), [self.classes]
        for label in np.unique(self.truth[self.labelled]).tolist():
            there = self.truth == label
            count, pieces = cv2.connectedComponents(np.uint8(there), connectivity=8)
            numbers[there] = pieces[there] + len(owners) - 1
            owners += [label] * (count - 1)
        return numbers, np.array(owners)

    def points(self, places: np.ndarray, ids: np.ndarray) -> np.ndarray:
        """Return pixels as points (K, 3): y, x and the class, two of which are farther apart than any two pixels."""
        y, x = np.nonzero(places)
        return np.stack([y, x, ids[y, x] * float(sum(ids.shape))], axis=1)


def edges(ids: np.ndarray) -> np.ndarray:
    """Find the pixels of a label map (H, W) that share a side with a pixel of another id, bool."""
    return cv2.erode(ids, SIDES) != cv2.dilate(ids, SIDES)


def band(ids: np.ndarray, distance: int, outside: int) -> np.ndarray:
    """Find the pixels of a label map (H, W) that have another id, or the outside, within ``distance`` rows and columns.

    For the mask of each class this is mask - erode(mask) by 3 x 3, ``distance`` times; ``outside`` is an id above all others.
    """
    square = np.ones((2 * distance + 1, 2 * distance + 1), np.uint8)
    highest = cv2.dilate(ids, square, borderType=cv2.BORDER_CONSTANT, borderValue=outside)
    return cv2.erode(ids, square) != highest


def tally(ids: np.ndarray, classes: int) -> np.ndarray:
    """Count the pixels of each class, (C,) int64; void is left out."""
    return np.bincount(ids.ravel(), minlength=classes + 1)[:classes]


def ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Divide counts; NaN where there is nothing to count."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return part / whole
