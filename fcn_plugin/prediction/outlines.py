"""Outline the pieces of a label map by exact polygons along pixel edges, with holes.

A piece is 4-connected, so no outline touches itself. Coordinates are (x, y) with (0, 0) at the outer corner of the first pixel, as
in COCO and labelme, so the area of a polygon minus its holes is the number of pixels.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np


@dataclass(frozen=True)
class Outline:
    """A connected piece of one class.

    Attributes:
        label: class id.
        exterior: (K, 2) int32 corners; the last is connected to the first.
        holes: corners of each hole, like ``exterior``.
        area: number of pixels.
        box: left, top, width, height in pixels.
        mask: (height, width) bool, the piece inside its box.
    """

    label: int
    exterior: np.ndarray
    holes: list[np.ndarray]
    area: int
    box: tuple[int, int, int, int]
    mask: np.ndarray


def outlines(labels: np.ndarray) -> list[Outline]:
    """Outline every piece of every class in a label map, (H, W) class ids; by class, then from top to bottom."""
    return [outline for label in np.unique(labels).tolist() for outline in _of_class(labels == label, label)]


def _of_class(there: np.ndarray, label: int) -> Iterator[Outline]:
    x, y, wide, high = cv2.boundingRect(there.astype(np.uint8))
    part = there[y : y + high, x : x + wide].astype(np.uint8)
    count, pieces, table, _ = cv2.connectedComponentsWithStats(part, connectivity=4)
    for number in range(1, count):
        left, top, width, height, area = table[number].tolist()
        mask = pieces[top : top + height, left : left + width] == number
        left, top = left + x, top + y
        exterior, *holes = (ring + np.array((left, top)) for ring in _rings(mask))
        yield Outline(label, exterior, holes, area, (left, top, width, height), mask)


def _rings(mask: np.ndarray) -> list[np.ndarray]:
    """Trace one piece, exterior first.

    OpenCV traces through pixel centres. On a grid of twice the size, where pixel (x, y) covers the 3 x 3 points around
    (2x + 1, 2y + 1), including its sides and corners, this path follows pixel edges, also for holes.
    """
    height, width = mask.shape
    if mask.all():  # most pieces of a noisy label map: single pixels
        return [np.array(((0, 0), (0, height), (width, height), (width, 0)), np.int32)]
    grid = np.zeros((2 * height + 1, 2 * width + 1), np.uint8)
    grid[1::2, 1::2] = mask
    grid = cv2.dilate(grid, np.ones((3, 3), np.uint8))
    rings, tree = cv2.findContours(grid, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    rings = [_corners(ring[:, 0]) for ring in rings]
    holes = tree[0][:, 3] >= 0
    return [rings[index] for index in np.argsort(holes, kind="stable")]


def _corners(ring: np.ndarray) -> np.ndarray:
    """Keep corners of pixels, which are even points, and restore concave corners, which OpenCV cuts by a diagonal step."""
    after = np.roll(ring, -1, axis=0)
    cut = (np.abs(after - ring) == 1).all(1)
    # of the two points beside the step, choose the one with even coordinates
    first = (ring[:, :1] % 2 == 0).astype(bool)
    between = np.where(first, np.stack([ring[:, 0], after[:, 1]], 1), np.stack([after[:, 0], ring[:, 1]], 1))
    points = np.stack([ring, between], 1)
    kept = np.stack([(ring % 2 == 0).all(1), cut], 1)
    return points[kept] // 2
