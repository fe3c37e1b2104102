"""Colours of palette masks: ids that mean another class than in the config, or in other masks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from ...data.class_map import IGNORED, ClassMap
from ...data.problems import Problem


class PaletteCheck:
    """Compare each mask's colours with the config's and with those of the first mask that shows the id."""

    def __init__(self) -> None:
        self.first: dict[int, tuple[str, list[int]]] = {}  # id -> the first mask that shows it, its colour there

    def problems(
        self,
        path: str,
        ids: np.ndarray,
        colours: np.ndarray,
        class_map: ClassMap | None,
        palette: Sequence[Sequence[int]] | None,
    ) -> Iterator[Problem]:
        """Yield at most one ``palette-swapped`` and one ``palette-differs``.

        Args:
            path: of the mask.
            ids: that occur in it.
            colours: (P, 3) of the ids below P.
            class_map: of the data set.
            palette: its colours by class.
        """
        shown = {i: colours[i].tolist() for i in ids.tolist() if i < len(colours)}
        named = [list(colour) for colour in palette or ()]
        for i, colour in shown.items() if class_map is not None and named else ():
            index = class_map.ids.get(i, IGNORED)
            if index != IGNORED and colour in named and colour != named[index]:
                name, other = class_map.classes[index], class_map.classes[named.index(colour)]
                yield Problem("palette-swapped", path, f"id {i} ({name}) has the colour {colour} of {other}")
                break
        self.first = {i: (path, colour) for i, colour in shown.items()} | self.first
        for i, colour in shown.items():
            first, expected = self.first[i]
            if colour != expected:
                yield Problem("palette-differs", path, f"id {i} is {colour}, in {first} it is {expected}")
                break
