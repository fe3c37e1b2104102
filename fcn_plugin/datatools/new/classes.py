"""Ids, names and colours of the classes: from a file, from labels of shapes, or from the values in the masks."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from ...data.class_map import IGNORED, MOST_CLASSES, ClassMap
from ...data.classes_file import COLOUR, ClassTable, Colour, read_classes
from ...data.palette import voc_palette
from ...errors import UserError, abbreviate

BACKGROUND = "_background_"  # labelme's names
IGNORE = "__ignore__"


@dataclass(frozen=True)
class Classes:
    """Attributes: ``class_map``, id -> name; ``ignore_ids``, void; ``colours``, id -> colour, default: VOC's colour map."""

    class_map: Mapping[int, str]
    ignore_ids: Sequence[int] = (IGNORED,)
    colours: Mapping[int, Colour] | None = None

    @cached_property
    def ids(self) -> ClassMap:
        """Class index of each id."""
        return ClassMap.of(self.class_map, self.ignore_ids)

    def colour(self, id: int) -> Colour:
        """Return R, G, B of an id, 0 .. 255."""
        return (self.colours or {}).get(id) or tuple(voc_palette()[self.ids.ids[id]].tolist())

    @property
    def palette(self) -> list[Colour]:
        """Colour of each class, that of its smallest id."""
        first = {index: id for id, index in sorted(self.ids.ids.items(), reverse=True)}
        return [self.colour(first[index]) for index in range(len(self.ids.classes))]

    def indices_of_colours(self, ignored: Collection[Colour]) -> dict[Colour, int]:
        """Return the class index of each colour, 255 for ignored ones."""
        table = {colour: self.ids.ids[id] for id, colour in (self.colours or {}).items()}
        return table | dict.fromkeys(ignored, IGNORED)

    def csv(self) -> str:
        """Format the classes as a file for ``read_classes``."""
        text = io.StringIO()
        rows = csv.writer(text, lineterminator="\n")
        rows.writerow(["id", "name", *COLOUR])
        rows.writerows([id, name, *self.colour(id)] for id, name in sorted(self.class_map.items()))
        return text.getvalue()


class Source(NamedTuple):
    """The masks of a data set from any kind of files."""

    found: list[str]  # lines for the report
    classes: Classes
    shown: list[set[int]]  # class indices (and 255) in each mask
    # functions that draw each mask, (H, W) uint8; None: use the files
    draw: Sequence[Callable[[], np.ndarray]] | None = None


def number_labels(
    labels: Sequence[str], classes_file: str | None, background: bool = True
) -> tuple[Classes, dict[str, int]]:
    """Number labels, after the background or as in a file; return the classes and the index of each label.

    Background is the pixels outside all shapes; without ``background`` these are void, and class 0 is the first label.
    """
    if not background and not classes_file:
        labels = [label for label in labels if label != IGNORE]
        require_classes(len(labels), f"the shapes have the labels {abbreviate(labels, 10)}")
        classes = Classes(dict(enumerate(labels)), ())
        return classes, {label: i for i, label in enumerate(labels)} | {IGNORE: IGNORED}
    if classes_file:
        class_map, colours = read_classes(classes_file)
    else:
        zero = next(filter(is_background, labels), BACKGROUND)
        others = [label for label in labels if label not in (zero, IGNORE)]
        require_classes(1 + len(others), f"the shapes have the labels {abbreviate(labels, 10)}")
        class_map, colours = dict(enumerate([zero, *others])), None
    class_map = {id: name for id, name in class_map.items() if name != IGNORE}  # labelme's own lists begin with IGNORE
    classes = Classes(class_map, (), colours)
    index = {name: i for i, name in enumerate(classes.ids.classes)} | {IGNORE: IGNORED}
    first = classes.ids.classes[0]
    if background and first in labels and not is_background(first):
        raise UserError(
            "class-file", f"{classes_file} begins with {first!r}, which has shapes: add {BACKGROUND} before it"
        )
    if unknown := abbreviate([label for label in labels if label not in index], 10):
        raise UserError("class-file", f"{classes_file} lacks the labels {unknown}: add a line for each")
    return classes, index


def colour_classes(table: ClassTable, file: str, ignored: Collection[Colour] = ()) -> Classes:
    """Return the classes of a table with unique colours, without ``ignored`` ones; UserError: ``class-file``, ``classes-count``."""
    if table.colours is None:
        raise UserError("class-file", f"{file} has no colours, but the masks do: add columns red,green,blue")
    if len(set(table.colours.values())) < len(table.colours):
        raise UserError("class-file", f"{file} gives two ids the same colour: use different colours")
    colours = {id: colour for id, colour in table.colours.items() if colour not in ignored}
    class_map = {id: table.class_map[id] for id in colours}
    require_classes(len(set(class_map.values())), f"{file} without the ignored colours has {len(colours)} entries")
    return Classes(class_map, (), colours)


def is_background(label: str) -> bool:
    """Return whether a label's name means background."""
    return label.strip("_").lower() == "background"


def require_classes(count: int, found: str) -> None:
    """Refuse an unsupported number of classes; UserError: ``classes-count``."""
    if not 2 <= count <= MOST_CLASSES:
        raise UserError("classes-count", f"{found}: these are {count} classes, but 2 to {MOST_CLASSES} are supported")
