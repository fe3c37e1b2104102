"""Read masks from labelme's JSON files, one for each image; shapes are drawn in the order of the file, as labelme does."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from ...errors import UserError
from ..cores import on_all_cores
from .classes import Source, number_labels
from .files import ImageFile, require_size
from .shapes import Shape, draw_shapes, read_json


def read_labelme(images: Sequence[ImageFile], paths: Sequence[Path], classes_file: str | None = None) -> Source:
    """Read the shapes of every image from its JSON file; without a file of classes, these are its labels, by alphabet."""
    files = on_all_cores(_labels, list(zip(images, paths, strict=True)), "reading labelme files")
    labels = sorted(set().union(*files))
    classes, index = number_labels(labels, classes_file)
    shown = [{0} | {index[label] for label in found} for found in files]
    draw = [partial(_draw, path, image.header.shown, index) for image, path in zip(images, paths, strict=True)]
    return Source([f"labelme: {len(paths)} files, {len(labels)} labels"], classes, shown, draw)


def _labels(image: ImageFile, path: Path) -> set[str]:
    """Read the labels of a file whose shapes can all be drawn."""
    content = _load(path)
    stated = content.get("imageWidth"), content.get("imageHeight")
    if None not in stated:  # old files lack them
        require_size(image, path, stated)
    for shape in content["shapes"]:
        _shape(shape, path, 0)
    return {str(shape["label"]) for shape in content["shapes"]}


def _draw(path: Path, size: tuple[int, int], index: Mapping[str, int]) -> np.ndarray:
    return draw_shapes(size, [_shape(shape, path, index[str(shape["label"])]) for shape in _load(path)["shapes"]])


def _load(path: Path) -> dict:
    content = read_json(path, "save it again in labelme")
    if not isinstance(content.get("shapes"), list):
        hint = ": it is a COCO file, give it itself" if "annotations" in content else ""
        raise UserError("annotation-file", f"{path} is no labelme file, it has no shapes{hint}")
    return content


def _shape(shape: Mapping, path: Path, index: int) -> Shape:
    form = shape.get("shape_type") or "polygon"
    what = f"{path}: the {form} {shape.get('label')!r}"
    try:
        points = [(float(x), float(y)) for x, y in shape["points"]]
        if form == "polygon" and len(points) > 2:
            return Shape(index, "polygons", [points])
        if form == "rectangle" and len(points) == 2:
            (x0, y0), (x1, y1) = points
            return Shape(index, "polygons", [[(x0, y0), (x1, y0), (x1, y1), (x0, y1)]])
        if form == "circle" and len(points) == 2:  # the centre and a point of the outline
            return Shape(index, "circle", (*points[0], math.dist(*points)))
        if form == "mask":
            left, top = (round(value) for value in points[0])
            bitmap = Image.open(io.BytesIO(base64.b64decode(shape["mask"])))
            return Shape(index, "bitmap", (left, top, np.asarray(bitmap) > 0))
    except (KeyError, TypeError, ValueError, OSError) as error:
        raise UserError("annotation-file", f"{what} can't be read ({error}): draw it again in labelme") from error
    raise UserError("annotation-file", f"{what} with {len(points)} points has no area: draw it as a polygon")
