"""Read formats that datumaro supports: it parses images, splits, polygons and masks; this package draws them."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

from ....errors import UserError, abbreviate
from ....requirements import import_extra
from ..classes import Source
from ..files import ImageFile, Pairs, missing_notes, require_size
from .draw import Shape, area, thick_line
from .formats import EXTRA, Format
from .instances import Instance, source_of
from .names import BLANKS, BOXES, DRAWN_BOXES, DRAWN_LINES, FEW_POINTS, LINES, label_name, splits_in

NO_LABEL = "skipped: shapes without a label"
OTHER_KINDS = "skipped: {} annotations, which have no area"


def load_others(name: str, root: Path) -> tuple[list[Any], list[str]]:
    """Import a folder with datumaro; return its items and the label names by number.

    Raises:
        UserError: requirements: datumaro is missing; annotation-file: it can't read the folder.
    """
    datumaro = import_extra("datumaro", EXTRA)
    if not root.is_dir():
        raise UserError("dataset-missing", f"no folder {root}: give the one that the label tool exported")
    with refused(root, name), few_warnings():
        dataset = datumaro.Dataset.import_from(str(root), name)
        labels = [label.name for label in dataset.categories()[datumaro.AnnotationType.label].items]
        return sorted(dataset, key=lambda item: (item.subset, item.id)), labels


@contextmanager
def refused(root: Path, name: str) -> Iterator[None]:
    """Convert any error of a reader to a UserError: ``annotation-file``."""
    try:
        yield
    except UserError:
        raise
    except Exception as error:  # its readers raise many kinds of errors
        reason = f"{type(error).__name__}: {error}"
        raise UserError("annotation-file", f"{root} can't be read as {name} ({reason}): export it again") from error


@contextmanager
def few_warnings(most: int = 3) -> Iterator[None]:
    """Log only the first warnings, since datumaro repeats them for every image."""
    records = count()

    def first(_: logging.LogRecord) -> bool:
        return next(records) < most

    logging.getLogger().addFilter(first)
    try:
        yield
    finally:
        logging.getLogger().removeFilter(first)


def pair_others(
    items: Sequence[Any], root: Path, images_dir: Path, images: Mapping[str, str], allow_missing: bool
) -> tuple[Pairs, list[Any]]:
    """Pair images with items by the images' paths; also return the item of each."""
    by_path = {(images_dir / file).resolve(): name for name, file in images.items()}
    of_name: dict[str, Any] = {}
    lone = []
    for item in items:
        path = getattr(item.media, "path", None)
        name = by_path.get(Path(path).resolve()) if path else None
        if name is None:
            lone.append(path or item.id)
        elif name in of_name:
            raise UserError("annotation-file", f"{root} has two entries for {images[name]}: remove one")
        else:
            of_name[name] = item
    notes = missing_notes({"mask-unpaired": (f"images of {root} are not in {images_dir}", lone)}, allow_missing)
    if not of_name:
        raise UserError("image-unpaired", f"{root} names none of the images in {images_dir}: correct --images")
    names = [name for name in images if name in of_name]
    if others := [file for name, file in images.items() if name not in of_name]:
        notes.append(f"image files in {images_dir} that {root} does not name: {len(others)}, {abbreviate(others)}")
    chosen, parts = [of_name[name] for name in names], [_split_of(of_name[name].subset) for name in names]
    return Pairs(names, [images[name] for name in names], [f"{name}.png" for name in names], notes, parts), chosen


def _split_of(subset: str) -> str:
    return min(splits_in(subset), default=subset)


def read_others(
    form: Format,
    items: Sequence[Any],
    labels: Sequence[str],
    images: Sequence[ImageFile],
    root: Path,
    what: str,
    classes_file: str | None = None,
    boxes: bool = False,
    line_width: float | None = None,
) -> Source:
    """Read the shapes of every item; classes have the order of the format's labels.

    Args:
        what: name of the format.
        boxes, line_width: see ``read_coco`` and ``read_labelme``.
    """
    names = [label_name(form.names.get(name, name), f"{root}, labels") for name in labels]
    counts = Counter({BLANKS: sum(name != name.strip() for name in labels)})
    of_image = []
    for item, image in zip(items, images, strict=True):
        place = root / str(item.id)
        if getattr(item.media, "has_size", False):  # stated by the label file
            require_size(image, place, tuple(item.media.size[::-1]))
        found: list[Instance] = []
        for it in item.annotations:
            level = getattr(it, "z_order", 0)
            if it.label is None:
                counts[NO_LABEL] += 1
            elif not (form.top and level):
                with refused(place, what):
                    shapes = _shapes(it, image, place, boxes, line_width, counts)
                found += [Instance(names[it.label], shape, pixels, level) for shape, pixels in shapes if pixels]
        of_image.append(found)
    return source_of(what, of_image, images, names, counts, classes_file, form.background)


def _shapes(
    it: Any, image: ImageFile, place: Path, boxes: bool, line_width: float | None, counts: Counter[str]
) -> list[tuple[Shape, float]]:
    """Return the shapes of an annotation, with index 0, and its area in pixels."""
    kind: str = it.type.name
    if kind == "mask":
        mask = np.asarray(it.image) > 0
        require_size(image, place, mask.shape[::-1])
        return [(Shape(0, "runs", runs_of(mask)), int(mask.sum()))]
    if kind in ("polyline", "points"):
        counts[DRAWN_LINES.format(line_width) if line_width else LINES] += 1
        points = _pairs(it.points)
        lines = [points] if kind == "polyline" else [[point] for point in points]
        return [(shape, 1.0) for line in lines for shape in thick_line(line, line_width)] if line_width else []
    if kind in ("bbox", "rotated_bbox"):
        counts[DRAWN_BOXES if boxes else BOXES] += 1
        return _outline(it.as_polygon(), counts) if boxes else []
    if kind in ("polygon", "ellipse"):
        return _outline(it.points if kind == "polygon" else it.as_polygon(), counts)
    counts[OTHER_KINDS.format(kind)] += 1
    return []


def _outline(values: Sequence[Any], counts: Counter[str]) -> list[tuple[Shape, float]]:
    points = _pairs(values)
    counts[FEW_POINTS] += len(points) < 3
    return [(Shape(0, "polygons", [points]), area(points))] if len(points) > 2 else []


def _pairs(values: Sequence[Any]) -> list[tuple[float, float]]:
    """Convert alternating x and y, or pairs, to points."""
    return [(float(x), float(y)) for x, y in np.asarray(values, float).reshape(-1, 2)]


def runs_of(mask: np.ndarray) -> np.ndarray:
    """Return alternating lengths of 0s and 1s, down the columns, of an (H, W) bool."""
    pixels = mask.T.reshape(-1)
    ends = np.flatnonzero(np.diff(pixels, prepend=False))
    return np.diff([0, *ends, pixels.size])
