"""Read masks from a COCO file: polygons and RLE of all instances, the largest drawn first, so that small ones stay visible."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from ...data.classes_file import class_name
from ...errors import UserError, abbreviate
from ..cores import on_all_cores
from .classes import Source, number_labels
from .files import ImageFile, Pairs, missing_notes, require_size
from .shapes import Shape, area, draw_shapes, number, parse_entries, read_json, run_lengths

Id = int | float | str


class Picture(NamedTuple):
    """An entry of ``images``: the path, and what the file states of (W, H)."""

    file: str
    size: tuple[float, float]


class Coco(NamedTuple):
    """Attributes: ``pictures`` and ``names`` of categories by id; ``content``, the whole file."""

    pictures: Mapping[Id, Picture]
    names: Mapping[Id, str]
    content: Mapping


def load_coco(path: Path) -> Coco:
    """Read the file's lists ``images``, ``annotations`` and ``categories``; UserError: ``annotation-file``, ``class-file``."""
    content = read_json(path, "give a COCO file, or a folder of masks")
    lists = ("images", "annotations", "categories")
    if missing := [key for key in lists if not isinstance(content.get(key), list)]:
        hint = ": it is labelme's, give its folder" if "shapes" in content else ""
        raise UserError("annotation-file", f"{path} is no COCO file, it has no {', '.join(missing)}{hint}")
    pictures = _by_id(path, content, "images", _picture)
    names = _by_id(path, content, "categories", lambda entry, where: class_name(entry["name"], where))
    return Coco(pictures, dict(sorted(names.items(), key=lambda item: (isinstance(item[0], str), item[0]))), content)


def _by_id(path: Path, content: Mapping, key: str, parse: Callable[[dict, str], Any]) -> dict[Id, Any]:
    found: dict[Id, Any] = {}

    def add(entry: dict, where: str) -> None:
        id = _id(entry["id"])
        if id in found:
            raise ValueError(f"another of the {key} has the id {id!r} too")
        found[id] = parse(entry, where)

    parse_entries(path, content, key, add)
    return found


def _id(value: object) -> Id:
    if not isinstance(value, (int, float, str)):
        raise ValueError(f"a {type(value).__name__} is where an id is meant")
    return value


def _picture(entry: dict, where: str) -> Picture:
    if not isinstance(entry["file_name"], str):
        raise ValueError("its file_name is no text")
    return Picture(entry["file_name"].replace("\\", "/"), (number(entry["width"]), number(entry["height"])))


def pair_coco(
    pictures: Mapping[Id, Picture], images: Mapping[str, str], path: Path, allow_missing: bool
) -> tuple[Pairs, list[Id]]:
    """Pair images (name -> file) with the file's pictures by path or file name; the second value is the id of each."""
    files: dict[str, list[str]] = defaultdict(list)
    for file in images.values():
        for key in {file, PurePosixPath(file).name}:
            files[key].append(file)
    id_of, lone = {}, []
    for id, picture in pictures.items():
        named = picture.file
        found = files.get(named) or files.get(PurePosixPath(named).name) or []
        found = [named] if named in found else found
        if len(found) > 1:
            remedy = "write the path from the image folder"
            raise UserError("annotation-file", f"{path}: {named} may be {abbreviate(found, 10)}: {remedy}")
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
    tasks = [(image, path, coco.pictures[id].size) for id, image in zip(ids, images, strict=True)]
    on_all_cores(require_size, tasks, "comparing sizes")
    sizes, places = [image.header.shown for image in images], {id: i for i, id in enumerate(ids)}
    of_image: list[list[tuple[float, Id, Shape]]] = [[] for _ in ids]

    def add(annotation: dict, where: str) -> None:
        i, category = places.get(_id(annotation["image_id"])), _id(annotation["category_id"])
        if i is not None:
            if category not in coco.names:
                raise ValueError(f"its category_id is {category}, which is no category")
            of_image[i].append((*_shape(annotation.get("segmentation"), sizes[i]), category))

    parse_entries(path, coco.content, "annotations", add)
    used = {category for instances in of_image for *_, category in instances}
    labels = [name for id, name in coco.names.items() if id in used]
    classes, index = number_labels(list(dict.fromkeys(labels)), classes_file)
    shapes = [
        [
            shape._replace(index=index[coco.names[category]])
            for _, shape, category in sorted(instances, key=lambda i: -i[0])
        ]
        for instances in of_image
    ]
    unused = [name for id, name in coco.names.items() if id not in used]
    found = [f"COCO: {sum(map(len, shapes))} instances of {len(used)} categories"]
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
            stated = " x ".join(str(number(side)) for side in outline["size"])
            found = f"its RLE has {sum(runs)} pixels and is for {stated}"
            raise ValueError(f"{found} (height, width), the image is {size[0]} x {size[1]}")
        return sum(runs[1::2]), Shape(0, "runs", runs)
    if not outline:
        raise ValueError("it has no segmentation; a bounding box is no outline")
    if any(not isinstance(part, list) or len(part) < 6 or len(part) % 2 for part in outline):
        raise ValueError("a polygon needs three points, each an x and a y")
    parts = [list(zip(*[map(number, part)] * 2, strict=True)) for part in outline]
    return sum(map(area, parts)), Shape(0, "polygons", parts)
