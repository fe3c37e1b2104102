"""Draw a confusion matrix, and list the most frequent confusions."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np

from .svg import percent

NUMBERS = 16  # most classes for which numbers fit into the cells
LONGEST = 22  # characters of a name


def confusion_picture(matrix: np.ndarray, classes: Sequence[str]) -> str:
    """Draw the matrix (C, C) as an SVG: a row per true class, as shares of its pixels, with tooltips."""
    count = len(classes)
    cell, size = (42, 13) if count <= NUMBERS else (max(14, 640 // count), 11)
    half = LONGEST // 2  # long names often have the same beginning
    names = [name if len(name) <= LONGEST else f"{name[:half]}…{name[-half + 1 :]}" for name in classes]
    margin = round(12 + 0.58 * size * max(map(len, names)))
    side = margin + cell * count
    parts = []
    for i, name in enumerate(names):
        middle = margin + cell * (i + 0.5)
        parts.append(f'<text x="{margin - 6}" y="{middle + 4}" text-anchor="end">{escape(name)}</text>')
        parts.append(f'<text transform="translate({middle + 4} {margin - 6}) rotate(-90)">{escape(name)}</text>')
    shares = row_shares(matrix)
    for i, j in zip(*np.nonzero(matrix), strict=True):
        share, kind = shares[i, j], "hit" if i == j else "miss"
        x, y = margin + cell * j, margin + cell * i
        title = f"{classes[i]} predicted as {classes[j]}: {percent(share, 2)} % ({matrix[i, j]:,} px)"
        strength = 0.06 + 0.94 * share**0.5  # square root, so that one percent is visible
        box = f'x="{x}" y="{y}" width="{cell - 1}" height="{cell - 1}"'
        parts.append(f'<rect class="{kind}" {box} fill-opacity="{strength:.2f}"><title>{escape(title)}</title></rect>')
        if count <= NUMBERS and share >= 0.005:
            kind = "on" if strength > 0.6 else ""
            place = f'x="{x + cell / 2 - 0.5}" y="{y + cell / 2 + 4}"'
            parts.append(f'<text class="cell {kind}" {place} text-anchor="middle">{100 * share:.0f}</text>')
    frame = f'<rect class="frame" x="{margin}" y="{margin}" width="{cell * count}" height="{cell * count}"/>'
    label = "Confusion matrix: rows are true classes, columns predicted ones"
    box = f'viewBox="0 0 {side + 2} {side + 2}" width="{side + 2}" height="{side + 2}" font-size="{size}"'
    return f'<svg class="matrix" {box} role="img" aria-label="{label}">{frame}{"".join(parts)}</svg>'


def worst_confusions(matrix: np.ndarray, most: int = 10) -> list[tuple[int, int, int, float]]:
    """List (true class, predicted class, pixels, share of the true class), most wrong pixels first."""
    wrong = matrix * (1 - np.eye(len(matrix), dtype=matrix.dtype))
    order = np.argsort(-wrong, axis=None, kind="stable")[:most]
    places = (divmod(int(place), len(matrix)) for place in order)
    shares = row_shares(matrix)
    return [(i, j, int(matrix[i, j]), float(shares[i, j])) for i, j in places if wrong[i, j]]


def row_shares(matrix: np.ndarray) -> np.ndarray:
    """Divide each row by its sum; 0 in rows of absent classes."""
    return matrix / np.maximum(matrix.sum(1, keepdims=True), 1)
