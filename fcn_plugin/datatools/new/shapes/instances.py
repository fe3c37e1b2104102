"""Make masks from labelled instances; larger ones are drawn first, so that small ones stay visible."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import NamedTuple

from ....data.class_map import IGNORED
from ....errors import abbreviate
from ..classes import Source, number_labels
from ..files import ImageFile
from .draw import Shape, draw_shapes
from .names import notes_of


class Instance(NamedTuple):
    """A labelled shape: its ``shape`` with index 0, its ``area`` in pixels; higher ``level``s cover lower ones."""

    label: str
    shape: Shape
    area: float
    level: float = 0


def source_of(
    what: str,
    of_image: Sequence[Sequence[Instance]],
    images: Sequence[ImageFile],
    names: Iterable[str],
    counts: dict[str, int],
    classes_file: str | None,
    background: bool = True,
) -> Source:
    """Make masks from every image's instances.

    Args:
        what: kind of the files, for the report.
        names: all labels, in the order of their classes; labels without an instance become no classes.
        counts: numbers of shapes by kind, see ``names.py``.
        background: pixels that no shape covers are class 0; else they are void.
    """
    used, names = {it.label for found in of_image for it in found}, list(dict.fromkeys(names))
    labels = [name for name in names if name in used]
    classes, index = number_labels(labels, classes_file, background)
    shown, draw, outside = [], [], 0 if background else IGNORED
    for image, found in zip(images, of_image, strict=True):
        ordered = sorted(found, key=lambda it: (it.level, -it.area))
        shapes = [it.shape._replace(label=index[it.label]) for it in ordered]
        shown.append({outside} | {shape.label for shape in shapes})
        draw.append(partial(draw_shapes, image.header.shown, shapes, outside))
    sentences = [f"{what}: {sum(map(len, of_image))} instances of {len(labels)} categories"]
    unused = [name for name in names if name not in used]
    sentences += [f"skipped: categories without an instance: {abbreviate(unused, 10)}"] if unused else []
    return Source([*sentences, *notes_of(counts, labels)], classes, shown, draw)
