"""What is known of a data set once its masks were read, whatever they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ...data.class_map import ClassMap
from ...data.palette import voc_palette

Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Classes:
    """What ids are called.

    Attributes:
        class_map: id -> name.
        ignore_ids: ids that count for nothing.
        colours: of ids; VOC's colour map for those that have none.
    """

    class_map: Mapping[int, str]
    ignore_ids: Sequence[int] = (255,)
    colours: Mapping[int, Colour] | None = None

    @cached_property
    def ids(self) -> ClassMap:
        """The class index of each id."""
        return ClassMap.of(self.class_map, self.ignore_ids)

    def colour(self, id: int) -> Colour:
        """R, G, B of an id, 0 .. 255."""
        own = (self.colours or {}).get(id)
        return own or tuple(voc_palette()[self.ids.ids[id]].tolist())

    @property
    def palette(self) -> list[Colour]:
        """The colour of each class, that of its smallest id."""
        first = {index: id for id, index in sorted(self.ids.ids.items(), reverse=True)}
        return [self.colour(first[index]) for index in range(len(self.ids.classes))]


@dataclass(frozen=True)
class Source:
    """Masks of a data set.

    Attributes:
        found: sentences on what they are.
        classes: names and colours.
        shown: the class indices, and 255, that each mask shows.
        draw: for each mask, a function that gives its class indices, (H, W) uint8; None where masks are used as they are.
    """

    found: list[str]
    classes: Classes
    shown: list[set[int]]
    draw: list[Callable[[], np.ndarray]] | None = None
