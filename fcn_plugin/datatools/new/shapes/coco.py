"""Read masks from a COCO file: polygons and RLE of all instances, the largest drawn first, so that small ones stay visible."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import NamedTuple

from ....data.classes_file import class_name
from ....errors import UserError, abbreviate
from ...cores import on_all_cores
from ..classes import Source, number_labels
from ..files import ImageFile, Pairs, missing_notes, require_size
from .draw import Shape, area, draw_shapes
from .entries import number, parse_entries, read_json, run_lengths

Id = int | float | str


class Coco(NamedTuple):
    """Attributes: ``pictures`` by id: path and (W, H), as stated; ``names`` of the categories, by id; ``annotations``, unread."""

    pictures: Mapping[Id, tuple[str, tuple[float, float]]]
    names: Mapping[Id, str]
    annotations: Sequence


def load_coco(path: Path) -> Coco:
    """Read the file's lists ``images``, ``annotations`` and ``categories``; UserError: ``annotation-file``, ``class-file``."""
    content = read_json(path, "give a COCO file, or a folder of masks")
    lists = ("images", "annotations", "categories")
    if missing := [key for key in lists if not isinstance(content.get(key), list)]:
        raise UserError("annotation-file", f"{path} is no COCO file, it has no {', '.join(missing)}")
    images, annotations, categories = (content[key] for key in lists)
    pictures = parse_entries(path, "images", images, _picture)
    names = parse_entries(
        path, "categories", categories, lambda it, where: (_id(it["id"]), class_name(it["name"], where))
    )
    for key, entries in (("images", pictures), ("categories", names)):
        if twice := [id for id, count in Counter(id for id, _ in entries).items() if count > 1]:
            raise UserError("annotation-file", f"{path}: several {key} have the id {twice[0]}: give each its own")
    return Coco(dict(pictures), dict(sorted(names, key=lambda pair: (isinstance(pair[0], str), pair[0]))), annotations)


def _picture(entry: Mapping, where: str) -> tuple[Id, tuple[str, tuple[float, float]]]:
    file = PureWindowsPath(entry["file_name"]).as_posix()  # of either kind of slashes
    return _id(entry["id"]), (file, (number(entry["width"]), number(entry["height"])))


def _id(value: object) -> Id:
    if not isinstance(value, Id):
        raise ValueError(f"a {type(value).__name__} is where an id is meant")
    return value


def pair_coco(coco: Coco, images: Mapping[str, str], path: Path, allow_missing: bool) -> tuple[Pairs, list[Id]]:
    """Pair images (name -> file) with the file's pictures by path or file name; the second value is the id of each."""
    files: dict[str, list[str]] = defaultdict(list)
    for file in images.values():
        for key in {file, PurePosixPath(file).name}:
            files[key].append(file)
    id_of, lone = {}, []
    for id, (named, _) in coco.pictures.items():
        found = files.get(named) or files.get(PurePosixPath(named).name) or []
        found = [named] if named in found else found
        if len(found) > 1:
            raise UserError("annotation-file", f"{path}: {named} may be {abbreviate(found, 10)}: write its whole path")
        if not found:
            lone.append(named)
        elif found[0] in id_of:
            raise UserError("annotation-file", f"{path} has two entries for {found[0]}: leave one")
        else:
            id_of[found[0]] = id
    unlisted = [file for file in images.values() if file not in id_of]
    what = {"mask-unpaired": (f"images of {path} are no files", lone)}
    notes = missing_notes(what | {"image-unpaired": (f"images are not in {path}", unlisted)}, allow_missing)
    if not id_of:
        raise UserError("image-unpaired", f"{path} names none of the images: is this the right folder?")
    names = [name for name, file in images.items() if file in id_of]
    chosen = [images[name] for name in names]
    return Pairs(names, chosen, [f"{name}.png" for name in names], notes), [id_of[file] for file in chosen]


def read_coco(
    coco: Coco, ids: Sequence[Id], images: Sequence[ImageFile], path: Path, classes_file: str | None = None
) -> Source:
    """Read the shapes of every image, by its id; without a file of classes, these are the categories that have shapes, by id."""
    tasks = [(image, path, coco.pictures[id][1]) for id, image in zip(ids, images, strict=True)]
    on_all_cores(require_size, tasks, "comparing sizes")
    sizes, places = [image.header.shown for image in images], {id: i for i, id in enumerate(ids)}
    of_image: list[list[tuple[float, Shape, str]]] = [[] for _ in ids]

    def add(annotation: Mapping, where: str) -> None:
        i, category = places.get(_id(annotation["image_id"])), _id(annotation["category_id"])
        if i is not None:
            if category not in coco.names:
                raise ValueError(f"its category_id is {category}, which is no category")
            of_image[i].append((*_shape(annotation.get("segmentation"), sizes[i]), coco.names[category]))

    parse_entries(path, "annotations", coco.annotations, add)
    used = {name for instances in of_image for *_, name in instances}
    labels = [name for name in dict.fromkeys(coco.names.values()) if name in used]
    classes, index = number_labels(labels, classes_file)
    shapes = []
    for instances in of_image:
        instances.sort(key=lambda instance: -instance[0])
        shapes.append([shape._replace(index=index[name]) for _, shape, name in instances])
    unused = [name for name in coco.names.values() if name not in used]
    found = [f"COCO: {sum(map(len, shapes))} instances of {len(labels)} categories"]
    found += [f"left out: categories without an instance: {abbreviate(unused, 10)}"] if unused else []
    shown = [{0} | {shape.index for shape in of_one} for of_one in shapes]
    return Source(found, classes, shown, [partial(draw_shapes, *task) for task in zip(sizes, shapes, strict=True)])


def _shape(outline: object, size: tuple[int, int]) -> tuple[float, Shape]:
    """An instance's area in pixels, and what to draw, with index 0."""
    if isinstance(outline, dict):
        runs = outline["counts"]
        runs = run_lengths(runs) if isinstance(runs, str) else runs
        if not all(type(length) is int and length >= 0 for length in runs):
            raise ValueError("its RLE holds other values than whole numbers from 0 up")
        if list(outline["size"]) != [*size[::-1]] or sum(runs) != size[0] * size[1]:
            raise ValueError(f"its RLE of {sum(runs)} pixels does not fit the image, {size[0]} x {size[1]}")
        return sum(runs[1::2]), Shape(0, "runs", runs)
    if not outline:
        raise ValueError("it has no segmentation; a bounding box is no outline")
    if any(not isinstance(part, list) or len(part) < 6 or len(part) % 2 for part in outline):
        raise ValueError("a polygon needs three points, each an x and a y")
    parts = [list(zip(*[map(number, part)] * 2, strict=True)) for part in outline]
    return sum(map(area, parts)), Shape(0, "polygons", parts)
