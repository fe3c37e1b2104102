"""Colours of palette masks: ids that mean another class than in the config, or in other masks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from ...data.class_map import IGNORED, ClassMap
from ...data.problems import Problem

MOST_IDS = 256


class PaletteCheck:
    """Compares each mask's colours with the config's and with those of the first mask that shows the id."""

    def __init__(self) -> None:
        self.colours = np.zeros((MOST_IDS, 3), np.uint8)
        self.first: dict[int, str] = {}  # id -> the mask that its colour is from

    def problems(
        self,
        path: str,
        ids: np.ndarray,
        colours: np.ndarray,
        class_map: ClassMap | None,
        palette: Sequence[Sequence[int]] | None,
    ) -> Iterator[Problem]:
        """At most one of either kind.

        Args:
            path: of the mask.
            ids: that occur in it.
            colours: (P, 3) of the ids below P.
            class_map: of the data set.
            palette: its colours by class.
        """
        ids = ids[ids < len(colours)]
        if class_map is not None and palette:
            yield from _swapped(path, ids, colours, class_map, np.asarray(palette))
        for one in ids.tolist():
            if one not in self.first:
                self.first[one], self.colours[one] = path, colours[one]
        for one in ids[(self.colours[ids] != colours[ids]).any(1)][:1].tolist():
            found = f"id {one} is {colours[one].tolist()}, in {self.first[one]} it is {self.colours[one].tolist()}"
            yield Problem("other palette", path, found)


def _swapped(
    path: str, ids: np.ndarray, colours: np.ndarray, class_map: ClassMap, palette: np.ndarray
) -> Iterator[Problem]:
    for one in ids.tolist():
        index = class_map.ids.get(one, IGNORED)
        same = np.flatnonzero((palette == colours[one]).all(1))
        if index != IGNORED and same.size and index not in same:
            names = class_map.classes
            yield Problem(
                "swapped colours",
                path,
                f"id {one} ({names[index]}) has the colour {colours[one].tolist()} of {names[same[0]]}",
            )
            return
