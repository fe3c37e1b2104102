"""Read masks from labelme's JSON files, one per image; shapes are drawn in the order of the file, like labelme does."""

from __future__ import annotations

import base64
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path, PureWindowsPath
from typing import Any

import numpy as np

from ....data.images import UnreadableFile, open_image, read_header
from ....errors import UserError, abbreviate
from ...cores import on_all_cores
from ..classes import Source, number_labels
from ..files import ImageFile, require_size
from .draw import Point, Shape, draw_shapes, rectangle, thick_line
from .entries import number, parse_entries, read_json
from .names import BLANKS, CIRCLES, DRAWN_LINES, FEW_POINTS, LINES, label_name, notes_of, total

POLYGONS = ("polygon", "rotation", "oriented_rectangle")  # rotated rectangles of X-AnyLabeling and labelme
THIN = ("line", "linestrip", "point", "points")


def read_labelme(
    images: Sequence[ImageFile],
    paths: Sequence[Path],
    classes_file: str | None = None,
    line_width: float | None = None,
) -> Source:
    """Read the shapes of every image from its JSON file; without a file of classes, the classes are the labels, sorted.

    Args:
        line_width: width of lines and diameter of points, in pixels; None: skip them.
    """
    files = on_all_cores(partial(_facts, line_width), list(zip(images, paths, strict=True)), "reading labelme files")
    labels = sorted(set().union(*(found for found, *_ in files)))
    classes, index = number_labels(labels, classes_file)
    shown = [{0} | {index[label] for label in found} for found, *_ in files]
    draw = [partial(_draw, image, path, index, line_width) for image, path in zip(images, paths, strict=True)]
    notes = notes_of(total(counts for _, counts, _ in files), labels)
    if others := [f"{path} ({named})" for path, (*_, named) in zip(paths, files, strict=True) if named]:
        notes.append(f"imagePath names a missing image, so its own name is used: {len(others)}, {abbreviate(others)}")
    return Source([f"labelme: {len(paths)} files, {len(labels)} labels", *notes], classes, shown, draw)


def _facts(line_width: float | None, image: ImageFile, path: Path) -> tuple[set[str], Counter[str], str | None]:
    """Read and check a file; return its labels, numbers of shapes by kind, and another image that it names, if any."""
    counts: Counter[str] = Counter()
    content = _content(image, path)
    found = _shapes(image, path, content, line_width, counts)
    return {label for label, shapes in found if shapes}, counts, _other_image(image, path, content)


def _draw(image: ImageFile, path: Path, index: Mapping[str, int], line_width: float | None) -> np.ndarray:
    found = _shapes(image, path, _content(image, path), line_width, Counter())
    return draw_shapes(
        image.header.shown, [it._replace(label=index[label]) for label, shapes in found for it in shapes]
    )


def _content(image: ImageFile, path: Path) -> dict[str, Any]:
    content = read_json(path, "save it again in labelme")
    if not isinstance(content.get("shapes"), list):
        raise UserError("annotation-file", f"{path} is not a labelme file: it has no shapes")
    sides = ("imageWidth", "imageHeight")
    if all(isinstance(content.get(side), (int, float)) for side in sides):  # old files lack them
        require_size(image, path, (content["imageWidth"], content["imageHeight"]))
    return content


def _other_image(image: ImageFile, path: Path, content: Mapping[str, Any]) -> str | None:
    """Return the image that a file names, if it has another name than the file; UserError if that image exists."""
    text, own = content.get("imagePath"), Path(image.header.path)
    named = PureWindowsPath(text).name if isinstance(text, str) else ""
    if not named or PureWindowsPath(named).stem == own.stem:
        return None
    if named.isprintable() and (own.parent / named).is_file():
        found = f"{path} has the name of {own.name}, but was drawn on {named}, its imagePath"
        raise UserError("annotation-file", f"{found}: rename the file, or correct its imagePath")
    return named


def _shapes(
    image: ImageFile, path: Path, content: Mapping[str, Any], line_width: float | None, counts: Counter[str]
) -> list[tuple[str, list[Shape]]]:
    """Read label and shapes, with index 0, of every entry."""
    return parse_entries(path, "shapes", content["shapes"], partial(_entry, image.header.shown, line_width, counts))


def _entry(
    size: tuple[int, int], line_width: float | None, counts: Counter[str], entry: Mapping[str, Any], where: str
) -> tuple[str, list[Shape]]:
    label, form = label_name(entry["label"], where), entry.get("shape_type") or "polygon"
    counts[BLANKS] += label != entry["label"]
    points = [(number(x), number(y)) for x, y in entry["points"]]
    if form in THIN:
        counts[DRAWN_LINES.format(line_width) if line_width else LINES] += 1
        return label, _thin(form, points, line_width) if line_width else []
    counts[CIRCLES] += form == "circle"
    shape = _solid(form, points, entry, size)
    counts[FEW_POINTS] += shape is None
    return label, [] if shape is None else [shape]


def _thin(form: str, points: Sequence[Point], width: float) -> list[Shape]:
    if form == "points":
        return [shape for point in points for shape in thick_line([point], width)]
    return thick_line(points, width)


def _solid(form: object, points: Sequence[Point], entry: Mapping[str, Any], size: tuple[int, int]) -> Shape | None:
    """Return a shape with an area; None if it has too few points."""
    if form in POLYGONS or (form == "rectangle" and len(points) != 2):  # newer labelme versions write four corners
        return Shape(0, "polygons", [points]) if len(points) > 2 else None
    if form == "rectangle":
        return Shape(0, "polygons", [rectangle(*points[0], *points[1])])
    if form == "circle":  # the centre and a point of the outline
        return Shape(0, "circle", (*points[0], math.dist(*points))) if len(points) == 2 else None
    if form == "mask" and points:
        return Shape(0, "bitmap", (*map(round, points[0]), _bitmap(entry["mask"], size)))
    raise ValueError(f"the {str(form)[:20]} with {len(points)} points can't be drawn: make it a polygon")


def _bitmap(text: str, size: tuple[int, int]) -> np.ndarray:
    """Decode a PNG in base64 to (h, w) bool; it must not exceed the image's (W, H)."""
    try:
        content = base64.b64decode(text)
        wide, high = read_header("its mask", "mask", content).size
        if wide <= size[0] and high <= size[1]:
            return np.asarray(open_image("its mask", "mask", content)[1].convert("L")) > 0
        raise ValueError(f"its mask is {wide} x {high}, larger than the image: draw it again in labelme")
    except UnreadableFile as error:
        raise ValueError(error.message) from error
