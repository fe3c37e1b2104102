"""Read masks from labelme's JSON files, one for each image; shapes are drawn in the order of the file, as labelme does."""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from ....data.classes_file import class_name
from ....data.images import UnreadableFile, open_image, read_header
from ....errors import UserError
from ...cores import on_all_cores
from ..classes import Source, number_labels
from ..files import ImageFile, require_size
from .draw import Shape, draw_shapes
from .entries import number, parse_entries, read_json


def read_labelme(images: Sequence[ImageFile], paths: Sequence[Path], classes_file: str | None = None) -> Source:
    """Read the shapes of every image from its JSON file; without a file of classes, these are its labels, by alphabet."""
    files = on_all_cores(_labels, list(zip(images, paths, strict=True)), "reading labelme files")
    labels = sorted(set().union(*files))
    classes, index = number_labels(labels, classes_file)
    shown = [{0} | {index[label] for label in found} for found in files]
    draw = [partial(_draw, image, path, index) for image, path in zip(images, paths, strict=True)]
    return Source([f"labelme: {len(paths)} files, {len(labels)} labels"], classes, shown, draw)


def _labels(image: ImageFile, path: Path) -> set[str]:
    """Read the labels of a file whose shapes can all be drawn."""
    return {label for label, _ in _shapes(image, path)}


def _draw(image: ImageFile, path: Path, index: Mapping[str, int]) -> np.ndarray:
    shapes = [shape._replace(index=index[label]) for label, shape in _shapes(image, path)]
    return draw_shapes(image.header.shown, shapes)


def _shapes(image: ImageFile, path: Path) -> list[tuple[str, Shape]]:
    """Read the label of every shape, and what to draw, with index 0."""
    content = read_json(path, "save it again in labelme")
    if not isinstance(content.get("shapes"), list):
        raise UserError("annotation-file", f"{path} is no labelme file, it has no shapes")
    stated = content.get("imageWidth"), content.get("imageHeight")
    if all(isinstance(side, (int, float)) for side in stated):  # old files lack them
        require_size(image, path, stated)
    return parse_entries(path, "shapes", content["shapes"], partial(_shape, image.header.shown))


def _shape(size: tuple[int, int], shape: Mapping, where: str) -> tuple[str, Shape]:
    label, form = class_name(shape["label"], where), shape.get("shape_type") or "polygon"
    points = [(number(x), number(y)) for x, y in shape["points"]]
    if form == "polygon" and len(points) > 2:
        return label, Shape(0, "polygons", [points])
    if form == "rectangle" and len(points) == 2:
        (x0, y0), (x1, y1) = points
        return label, Shape(0, "polygons", [[(x0, y0), (x1, y0), (x1, y1), (x0, y1)]])
    if form == "circle" and len(points) == 2:  # the centre and a point of the outline
        return label, Shape(0, "circle", (*points[0], math.dist(*points)))
    if form == "mask" and points:
        return label, Shape(0, "bitmap", (*map(round, points[0]), _bitmap(shape["mask"], size)))
    raise ValueError(f"the {str(form)[:20]} {label!r} with {len(points)} points has no area: draw it as a polygon")


def _bitmap(text: str, size: tuple[int, int]) -> np.ndarray:
    """Decode the (h, w) bool of a PNG in base64, which is no larger than an image of (W, H)."""
    try:
        content = base64.b64decode(text)
        wide, high = read_header("its mask", "mask", content).size
        if wide <= size[0] and high <= size[1]:
            return np.asarray(open_image("its mask", "mask", content)[1].convert("L")) > 0
        raise ValueError(f"its mask is {wide} x {high}, larger than the image: draw it again in labelme")
    except UnreadableFile as error:
        raise ValueError(error.message) from error
