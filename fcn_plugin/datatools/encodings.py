"""Two classes in masks whose values hide it: values near 0 and 255, or some files of 0 and 1 and others of 0 and 255."""

from __future__ import annotations

from collections.abc import Collection

from ..data.problems import Problem
from ..errors import abbreviate

NEAR = 16  # values of 0 or 255: what JPEG's ripples and smooth edges leave


class Encodings:
    """What the masks of a data set hold, mask by mask."""

    def __init__(self) -> None:
        self.values: set[int] = set()  # of all masks
        self.kinds: dict[frozenset[int], str] = {}  # which of 1 and 255 a mask holds -> the first such mask
        self.richest: tuple[int, str] = (0, "")  # number of values, and the mask that holds most
        self.inside: set[int] = set()  # values that are more than an edge, where this is known

    def add(self, values: Collection[int], path: str, inside: Collection[int] = ()) -> None:
        """Add the values that occur in a mask; ``inside``: those with a pixel whose four neighbours are its equals."""
        self.values.update(values)
        self.inside.update(inside)
        self.kinds.setdefault(frozenset({1, 255}.intersection(values)), path)
        self.richest = max(self.richest, (len(values), path), key=lambda pair: pair[0])

    def mixed(self) -> Problem | None:
        """``mask-mixed``: 255 would be void in the masks that mean a class by it. Masks of 0, 1 and 255 are no such case."""
        first, other = (self.kinds.get(frozenset({value})) for value in (1, 255))
        if self.values != {0, 1, 255} or frozenset({1, 255}) in self.kinds or not (first and other):
            return None
        return Problem("mask-mixed", other, f"holds 0 and 255, {first} 0 and 1")

    def near_binary(self) -> Problem | None:
        """``mask-near-binary``: more than two values, either all close to 0 or 255, or all but 0 and 255 on edges alone."""
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
            which = f"0 and 255; on edges alone {abbreviate([*map(str, sorted(between))], 10)}"
        return Problem("mask-near-binary", path, f"holds {number} of the masks' {len(self.values)} values: {which}")
