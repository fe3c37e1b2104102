"""Draw class indices from shapes, later ones over earlier ones. A pixel is inside if its centre is.

Coordinates have (0, 0) at the outer corner of the first pixel, whose centre is (0.5, 0.5), as in COCO and labelme.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import Any, Literal, NamedTuple

import numpy as np

Point = tuple[float, float]


class Shape(NamedTuple):
    """A shape: ``label`` is the class index or 255, ``data`` depends on ``form``.

    polygons: parts, each of at least three (x, y); circle: (x, y, radius); bitmap: (left, top, (h, w) bool); runs: alternating
    lengths of 0s and 1s, down the columns (COCO's RLE).
    """

    label: int
    form: Literal["polygons", "circle", "bitmap", "runs"]
    data: Any


def draw_shapes(size: tuple[int, int], shapes: Sequence[Shape], outside: int = 0) -> np.ndarray:
    """Draw shapes in order on an image of (W, H); return (H, W) uint8 class indices, ``outside`` where there is no shape."""
    width, height = size
    canvas = np.full((width, height), outside, np.uint8).T  # columns are contiguous, as for runs
    for shape in shapes:
        if shape.form == "polygons":
            for part in shape.data:
                _fill_polygon(canvas, part, shape.label)
        elif shape.form == "circle":
            x, y, radius = shape.data
            columns, rows = (np.arange(width) + 0.5 - x) ** 2, (np.arange(height) + 0.5 - y) ** 2
            for row in np.flatnonzero(rows <= radius**2):  # row by row, to avoid a float per pixel
                canvas[row, columns + rows[row] <= radius**2] = shape.label
        elif shape.form == "bitmap":
            left, top, there = shape.data
            there = there[max(-top, 0) :, max(-left, 0) :]
            window = canvas[max(top, 0) :, max(left, 0) :][: there.shape[0], : there.shape[1]]
            window[there[: window.shape[0], : window.shape[1]]] = shape.label
        else:
            ends, pixels = list(accumulate(shape.data)), canvas.T.reshape(-1)
            for start, end in zip(ends[::2], ends[1::2], strict=False):
                pixels[start:end] = shape.label
    return canvas


def rectangle(x0: float, y0: float, x1: float, y1: float) -> list[Point]:
    """Return the corners of a rectangle."""
    return [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]


def thick_line(points: Sequence[Point], width: float) -> list[Shape]:
    """Return the shapes, with label 0, of a line with round ends and corners; for one point, a disc of that diameter."""
    shapes = [Shape(0, "circle", (x, y, width / 2)) for x, y in points]
    for (x0, y0), (x1, y1) in pairwise(points):
        if length := math.hypot(x1 - x0, y1 - y0):
            across, down = (y0 - y1) / length * width / 2, (x1 - x0) / length * width / 2
            corners = [(x0 + across, y0 + down), (x1 + across, y1 + down)]
            corners += [(x1 - across, y1 - down), (x0 - across, y0 - down)]
            shapes.append(Shape(0, "polygons", [corners]))
    return shapes


def area(points: Sequence[Point]) -> float:
    """Compute the area of a polygon by the shoelace formula."""
    x, y = np.asarray(points, float).T
    return float(abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2)


def _fill_polygon(canvas: np.ndarray, points: Sequence[Point], index: int) -> None:
    """Fill a polygon by the even-odd rule, so that polygons with a common edge neither overlap nor leave gaps."""
    height, width = canvas.shape
    corners = np.asarray(points, float) - 0.5  # pixel centres at whole numbers
    left, top = np.clip(np.floor(corners.min(0)), 0, (width, height)).astype(int)
    right, bottom = np.clip(np.ceil(corners.max(0)), (left, top), (width, height)).astype(int)
    crossed = np.zeros((bottom - top, right - left + 1), bool)  # an edge between this pixel and the previous one
    for (x0, y0), (x1, y1) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        first, end = np.clip(np.ceil(sorted((y0, y1))), top, bottom).astype(int)
        if first < end:
            rows = np.arange(first, end)
            columns = np.ceil(x0 + (rows - y0) * (x1 - x0) / (y1 - y0))
            crossed[rows - top, np.clip(columns, left, right).astype(int) - left] ^= True
    inside = np.logical_xor.accumulate(crossed, axis=1)[:, :-1]
    canvas[top:bottom, left:right][inside] = index
