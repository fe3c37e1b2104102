"""Detect two-class masks with other values: near 0 and 255, or 0 and 1 in some files but 0 and 255 in others."""

from __future__ import annotations

from collections.abc import Collection

from ..data.problems import Problem
from ..errors import abbreviate

NEAR = 16  # largest distance from 0 or 255 caused by JPEG artefacts and smooth edges


class Encodings:
    """Collect the values of a data set's masks."""

    def __init__(self) -> None:
        self.values: set[int] = set()  # of all masks
        self.kinds: dict[frozenset[int], str] = {}  # which of 1 and 255 a mask has -> the first such mask
        self.richest: tuple[int, str] = (0, "")  # number of values, and mask with the most values
        self.inside: set[int] = set()  # values that occur not only on edges, if known

    def add(self, values: Collection[int], path: str, inside: Collection[int] = ()) -> None:
        """Add the values of a mask; ``inside``: values with a pixel whose four neighbours have the same value."""
        self.values.update(values)
        self.inside.update(inside)
        self.kinds.setdefault(frozenset({1, 255}.intersection(values)), path)
        self.richest = max(self.richest, (len(values), path), key=lambda pair: pair[0])

    def mixed(self) -> Problem | None:
        """Return ``mask-mixed`` if 255 is a class in some masks and would be read as void; not if a mask has 0, 1 and 255."""
        first, other = (self.kinds.get(frozenset({value})) for value in (1, 255))
        if self.values != {0, 1, 255} or frozenset({1, 255}) in self.kinds or not (first and other):
            return None
        return Problem("mask-mixed", other, f"has 0 and 255, but {first} has 0 and 1")

    def near_binary(self) -> Problem | None:
        """Return ``mask-near-binary`` if there are more than two values, all near 0 or 255, or others only on edges."""
        low = {value for value in self.values if value < NEAR}
        high = {value for value in self.values if 255 - NEAR < value <= 255}
        between = self.values - {0, 255}
        close = low and high - {255} and low | high == self.values
        edges = {0, 255} < self.values and self.inside and self.inside <= {0, 255} and max(between) >= NEAR
        if len(self.values) < 3 or not (close or edges):
            return None
        number, path = self.richest
        which = f"{min(low)}..{max(low)} and {min(high)}..{max(high)}"
        if not close:
            which = f"0 and 255; only on edges {abbreviate([*map(str, sorted(between))], 10)}"
        return Problem("mask-near-binary", path, f"has {number} of the masks' {len(self.values)} values: {which}")
