"""Colours of palette masks: ids that mean another class than in the config, or in other masks."""

from __future__ import annotations

from collections.abc import Iterator

from ...data.class_map import IGNORED
from ...data.problems import Problem
from .contents import Contents
from .splits import Source


class PaletteCheck:
    """Compare each mask's colours with the config's and with those of the first mask that shows the id."""

    def __init__(self) -> None:
        self.first: dict[int, tuple[str, list[int]]] = {}  # id -> the first mask that shows it, its colour there

    def problems(self, path: str, contents: Contents, source: Source) -> Iterator[Problem]:
        """Yield at most one ``palette-swapped`` and one ``palette-differs`` of a palette mask, and nothing of others."""
        colours = () if contents.palette is None else contents.palette.tolist()
        shown = {i: colours[i] for i in contents.ids.tolist() if 0 <= i < len(colours)}
        named = [list(colour) for colour in source.palette or ()]
        for i, colour in shown.items() if source.class_map is not None and named else ():
            index = source.class_map.ids.get(i, IGNORED)
            if index != IGNORED and colour in named and colour != named[index]:
                name, other = (source.class_map.classes[j] for j in (index, named.index(colour)))
                yield Problem("palette-swapped", path, f"id {i} ({name}) has the colour {colour} of {other}")
                break
        self.first = {i: (path, colour) for i, colour in shown.items()} | self.first
        for i, colour in shown.items():
            first, expected = self.first[i]
            if colour != expected:
                yield Problem("palette-differs", path, f"id {i} is {colour}, in {first} it is {expected}")
                break
