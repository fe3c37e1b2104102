"""Names of classes: from a file, from labels of shapes, or made up from values."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from ...data.class_map import IGNORED
from ...data.classes_file import COLOUR, read_classes
from ...errors import UserError
from .pool import listed
from .source import Classes, Colour

BACKGROUND = "_background_"  # labelme's names
IGNORE = "__ignore__"


def given_classes(path: str) -> tuple[dict[int, str], dict[int, Colour] | None]:
    """Names and colours by id, of what ``read_classes`` reads.

    Raises:
        UserError: no such file.
    """
    class_map, palette = read_classes(path)
    if palette is None:
        return class_map, None
    return class_map, {id: tuple(colour) for id, colour in zip(class_map, palette, strict=True)}


def number_labels(labels: Sequence[str], classes_file: str | None) -> tuple[Classes, dict[str, int]]:
    """Classes of labels, and the class index of each; the background, which no shape covers, is the first class.

    Args:
        labels: in the order in which they are to be numbered.
        classes_file: what ``read_classes`` takes, naming every label; without it the background is 0.

    Raises:
        UserError: a label that the file does not name, or no background in it.
    """
    if classes_file:
        class_map, colours = given_classes(classes_file)
    else:
        zero = next(filter(is_background, labels), BACKGROUND)
        others = [label for label in labels if label not in (zero, IGNORE)]
        require_classes(1 + len(others), f"the shapes have the labels {list(labels)}")
        class_map, colours = dict(enumerate([zero, *others])), None
    class_map = {id: name for id, name in class_map.items() if name != IGNORE}  # labelme's own lists begin with it
    classes = Classes(class_map, (), colours)
    index = {name: i for i, name in enumerate(classes.ids.classes)} | {IGNORE: IGNORED}
    if classes.ids.classes[0] in labels and not is_background(classes.ids.classes[0]):
        raise UserError(
            f"{classes_file} begins with {classes.ids.classes[0]!r}, a label of shapes: the first class is what no shape covers, "
            f"add it as {BACKGROUND}"
        )
    unknown = [label for label in labels if label not in index]
    if unknown:
        raise UserError(f"{classes_file} does not name the labels {listed(unknown)}: add a line for each")
    return classes, index


def is_background(label: str) -> bool:
    """Whether a label is the background by its name."""
    return label.strip("_").lower() == "background"


def require_classes(count: int, found: str) -> None:
    """A net needs two classes to tell apart."""
    if count < 2:
        raise UserError(f"{found}: that leaves {count} classes, at least 2 are needed; is this the right folder?")


def hex_name(colour: Colour) -> str:
    """The name of a class that is known by its colour alone."""
    return "#{:02x}{:02x}{:02x}".format(*colour)


def classes_csv(classes: Classes) -> str:
    """The file that ``read_classes`` reads."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(["id", "name", *COLOUR])
    rows.writerows([id, name, *classes.colour(id)] for id, name in sorted(classes.class_map.items()))
    return text.getvalue()
