"""Read masks from COCO files: polygons and RLE of all instances."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path, PureWindowsPath
from typing import Any, NamedTuple

from ....errors import UserError
from ...cores import on_all_cores
from ..classes import Source
from ..files import ImageFile, require_size
from .draw import Shape, area, rectangle
from .entries import number, parse_entries, read_json, run_lengths
from .instances import Instance, source_of
from .names import BLANKS, BOXES, CROWDS, DRAWN_BOXES, FEW_POINTS, label_name

Id = int | float | str
LISTS = ("images", "annotations", "categories")
PANOPTIC = "is a panoptic file, whose outlines are PNGs. Give the file of instances, or use --format coco_panoptic"


class Coco(NamedTuple):
    """Attributes: ``pictures``, id -> path and stated (W, H); ``names``, category id -> name; ``annotations``, not parsed."""

    path: Path
    pictures: Mapping[Id, tuple[str, tuple[float, float]]]
    names: Mapping[Id, str]
    annotations: Sequence[Any]
    blanks: int = 0  # number of names with spaces at an end


def load_coco(path: Path, content: Mapping[str, Any] | None = None) -> Coco:
    """Read the file's lists ``images``, ``annotations`` and ``categories``; UserError: ``annotation-file``, ``class-file``."""
    content = read_json(path, "give a COCO file, or a folder of masks") if content is None else content
    if missing := [key for key in LISTS if not isinstance(content.get(key), list)]:
        raise UserError("annotation-file", f"{path} is not a COCO file: it has no {', '.join(missing)}")
    images, annotations, categories = (content[key] for key in LISTS)
    if annotations and isinstance(annotations[0], dict) and "segments_info" in annotations[0]:
        raise UserError("annotation-file", f"{path} {PANOPTIC}")
    pictures = parse_entries(path, "images", images, _picture)
    names = parse_entries(
        path, "categories", categories, lambda it, where: (_id(it["id"]), label_name(it["name"], where))
    )
    for key, entries in (("images", pictures), ("categories", names)):
        if twice := [id for id, count in Counter(id for id, _ in entries).items() if count > 1]:
            raise UserError("annotation-file", f"{path}: several {key} have the id {twice[0]}: use unique ids")
    blanks = sum(it["name"] != name for it, (_, name) in zip(categories, names, strict=True))
    by_id = dict(sorted(names, key=lambda pair: (isinstance(pair[0], str), pair[0])))
    return Coco(path, dict(pictures), by_id, annotations, blanks)


def _picture(entry: Mapping[str, Any], where: str) -> tuple[Id, tuple[str, tuple[float, float]]]:
    file = PureWindowsPath(entry["file_name"]).as_posix()  # with slashes or backslashes
    return _id(entry["id"]), (file, (number(entry["width"]), number(entry["height"])))


def _id(value: object) -> Id:
    if not isinstance(value, Id):
        raise ValueError(f"expected an id, found a {type(value).__name__}")
    return value


def read_coco(
    files: Sequence[Coco],
    ids: Sequence[Sequence[tuple[int, Id]]],
    images: Sequence[ImageFile],
    classes_file: str | None = None,
    boxes: bool = False,
) -> Source:
    """Read the shapes of every image; without a file of classes, the classes are the categories with shapes, by id.

    Args:
        ids: entries of each image: number of the file, and id there.
        boxes: draw the boxes of instances that have no outline.
    """
    entries = [(image, *key) for image, keys in zip(images, ids, strict=True) for key in keys]
    tasks = [(image, files[k].path, files[k].pictures[id][1]) for image, k, id in entries]
    on_all_cores(require_size, tasks, "comparing sizes")
    of_image: list[list[Instance]] = [[] for _ in ids]
    counts: Counter[str] = Counter({BLANKS: sum(file.blanks for file in files)})
    for k, file in enumerate(files):
        places = {id: i for i, keys in enumerate(ids) for which, id in keys if which == k}

        def add(
            annotation: Mapping[str, Any], where: str, file: Coco = file, places: Mapping[Id, int] = places
        ) -> None:
            i, category = places.get(_id(annotation["image_id"])), _id(annotation["category_id"])
            if i is None:
                return
            if category not in file.names:
                raise ValueError(f"unknown category_id {category}")
            found = _shape(annotation, images[i].header.shown, boxes, counts)
            of_image[i] += [Instance(file.names[category], shape, pixels) for shape, pixels in found]

        parse_entries(file.path, "annotations", file.annotations, add)
    names = [name for file in files for name in file.names.values()]
    return source_of("COCO", of_image, images, names, counts, classes_file)


def _shape(
    annotation: Mapping[str, Any], size: tuple[int, int], boxes: bool, counts: Counter[str]
) -> list[tuple[Shape, float]]:
    """Return the shapes of an instance, with index 0, and its area in pixels; empty without an outline."""
    outline = annotation.get("segmentation")
    if annotation.get("iscrowd"):
        counts[CROWDS] += 1
    if isinstance(outline, dict):
        return [_runs(outline, size)]
    if isinstance(outline, list) and outline and not any(isinstance(part, (list, dict)) for part in outline):
        outline = [outline]  # a single part that is not in a list
    for part in outline or ():
        if not isinstance(part, list) or len(part) % 2:
            raise ValueError("a polygon needs at least three points, each with x and y")
    parts = [list(zip(*[map(number, part)] * 2, strict=True)) for part in outline or ()]
    solid = [part for part in parts if len(part) > 2]
    counts[FEW_POINTS] += len(parts) - len(solid)
    if solid:
        return [(Shape(0, "polygons", solid), sum(map(area, solid)))]
    box = annotation.get("bbox")
    if not parts and not box:
        raise ValueError("it has neither segmentation nor bbox")
    if not box:
        return []
    x, y, width, height = map(number, box)
    counts[DRAWN_BOXES if boxes else BOXES] += 1
    return [(Shape(0, "polygons", [rectangle(x, y, x + width, y + height)]), abs(width * height))] if boxes else []


def _runs(outline: Mapping[str, Any], size: tuple[int, int]) -> tuple[Shape, float]:
    runs = outline["counts"]
    runs = run_lengths(runs) if isinstance(runs, str) else runs
    if not all(type(length) is int and length >= 0 for length in runs):
        raise ValueError("its RLE has values that are not whole numbers of at least 0")
    if list(outline["size"]) != [*size[::-1]] or sum(runs) != size[0] * size[1]:
        raise ValueError(f"its RLE of {sum(runs)} pixels does not fit the image, {size[0]} x {size[1]}")
    return Shape(0, "runs", runs), sum(runs[1::2])
