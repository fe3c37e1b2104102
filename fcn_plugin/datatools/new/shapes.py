"""Draw class indices from shapes, later ones over earlier ones. A pixel is inside where its centre is.

Coordinates have (0, 0) at the outer corner of the first pixel, whose centre is (0.5, 0.5), as in COCO and labelme.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np

from ...atomic_write import read_plain
from ...errors import UserError, abbreviate

LARGEST = 1e9  # coordinate, in pixels; sums and products of such numbers are exact enough and finite
MOST = 2**31  # bytes of a file; COCO's of its training images has half a billion
Point = tuple[float, float]


class Shape(NamedTuple):
    """What to draw: ``index`` is the class index or 255, ``data`` depends on ``form``.

    polygons: parts, each of three (x, y) or more; circle: (x, y, radius); bitmap: (left, top, (h, w) bool); runs: lengths of 0s
    and 1s in turn, down the columns (COCO's RLE).
    """

    index: int
    form: Literal["polygons", "circle", "bitmap", "runs"]
    data: Any


def draw_shapes(size: tuple[int, int], shapes: Sequence[Shape]) -> np.ndarray:
    """Draw shapes in this order on an image of (W, H): (H, W) uint8 class indices, 0 where no shape is."""
    width, height = size
    canvas = np.zeros((width, height), np.uint8).T  # columns are in one piece, as runs are
    for shape in shapes:
        if shape.form == "polygons":
            for part in shape.data:
                _fill_polygon(canvas, part, shape.index)
        elif shape.form == "circle":
            x, y, radius = shape.data
            columns, rows = (np.arange(width) + 0.5 - x) ** 2, (np.arange(height) + 0.5 - y) ** 2
            for row in np.flatnonzero(rows <= radius**2):  # no float for each pixel of a large image
                canvas[row, columns + rows[row] <= radius**2] = shape.index
        elif shape.form == "bitmap":
            left, top, there = shape.data
            there = there[max(-top, 0) :, max(-left, 0) :]
            window = canvas[max(top, 0) :, max(left, 0) :][: there.shape[0], : there.shape[1]]
            window[there[: window.shape[0], : window.shape[1]]] = shape.index
        else:
            ends, pixels = list(accumulate(shape.data)), canvas.T.reshape(-1)
            for start, end in zip(ends[::2], ends[1::2], strict=False):
                pixels[start:end] = shape.index
    return canvas


def run_lengths(text: str) -> list[int]:
    """Read COCO's compressed RLE: five bits a character, from 48 up; from the third number on, differences to the last but one.

    Source: ``rleFrString`` of the COCO API (maskApi.c). Raises ValueError for other text.
    """
    lengths: list[int] = []
    value = shift = 0
    for character in text:
        bits = ord(character) - 48
        if not 0 <= bits < 64 or shift > 30:  # of seven characters: more than any image has pixels
            raise ValueError(f"its RLE holds {character!r} where no length has it")
        value |= (bits & 0x1F) << shift
        shift += 5
        if bits & 0x20:  # more to come
            continue
        if bits & 0x10:  # negative
            value -= 1 << shift
        lengths.append(value + lengths[-2] if len(lengths) > 2 else value)
        value = shift = 0
    return lengths


def read_json(path: Path, remedy: str) -> dict:
    """Read an object, {} for other JSON; UserError: ``annotation-file``."""
    try:
        content = json.loads(read_plain(path, MOST))
    except (OSError, ValueError, RecursionError) as error:
        raise UserError("annotation-file", f"{path} can't be read as JSON ({error}): {remedy}") from error
    return content if isinstance(content, dict) else {}


def parse_entries(path: Path, key: str, entries: Sequence, parse: Callable[[dict, str], Any]) -> list:
    """Parse every entry of the list ``key`` of a file.

    Args:
        parse: function of the entry and its place, such as ``a.json, shapes[3]``; an error means that the entry is malformed.

    Raises:
        UserError: annotation-file, with the first entries that are malformed; or what ``parse`` raises.
    """
    parsed, faults = [], []
    for i, entry in enumerate(entries):
        place = f"{key}[{i}]"
        try:
            if not isinstance(entry, dict):
                raise TypeError("it is no object of named values")
            parsed.append(parse(entry, f"{path}, {place}"))
        except UserError:
            raise
        except (LookupError, TypeError, ValueError) as error:
            id = entry.get("id") if isinstance(entry, dict) else None
            place += f" (id {id})" if isinstance(id, (int, str)) else ""
            faults.append(f"{place}: {f'it has no {error}' if isinstance(error, KeyError) else error}")
    if faults:
        raise UserError("annotation-file", f"{path}: {abbreviate(faults, 5, '; ')}")
    return parsed


def number(value: object) -> float:
    """Return a number that a file gives as a coordinate or size; ValueError for NaN, infinity and others beyond any image."""
    if not isinstance(value, (int, float)):
        raise ValueError(f"a {type(value).__name__} is where a number is meant")
    if not abs(value) <= LARGEST:
        raise ValueError(f"{value} is no coordinate")
    return value


def area(points: Sequence[Point]) -> float:
    """Compute the area of a polygon by the shoelace formula."""
    x, y = np.asarray(points, float).T
    return float(abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2)


def _fill_polygon(canvas: np.ndarray, points: Sequence[Point], index: int) -> None:
    """Fill a polygon by the even-odd rule: polygons that share an edge share no pixel and leave none between them."""
    height, width = canvas.shape
    corners = np.asarray(points, float) - 0.5  # centres lie at whole numbers
    left, top = np.clip(np.floor(corners.min(0)), 0, (width, height)).astype(int)
    right, bottom = np.clip(np.ceil(corners.max(0)), (left, top), (width, height)).astype(int)
    crossed = np.zeros((bottom - top, right - left + 1), bool)  # an edge lies between this pixel and the one before
    for (x0, y0), (x1, y1) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        first, end = np.clip(np.ceil(sorted((y0, y1))), top, bottom).astype(int)
        if first < end:
            rows = np.arange(first, end)
            columns = np.ceil(x0 + (rows - y0) * (x1 - x0) / (y1 - y0))
            crossed[rows - top, np.clip(columns, left, right).astype(int) - left] ^= True
    inside = np.logical_xor.accumulate(crossed, axis=1)[:, :-1]
    canvas[top:bottom, left:right][inside] = index
