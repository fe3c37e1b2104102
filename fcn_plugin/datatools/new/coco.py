"""Read masks from a COCO file: polygons and RLE of all instances, the largest drawn first, so that small ones stay visible."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path, PurePosixPath

from ...errors import UserError, abbreviate, first_lines
from ..cores import on_all_cores
from .classes import Source, number_labels
from .files import ImageFile, Pairs, missing_notes, require_size
from .shapes import Shape, area, draw_shapes, read_json, run_lengths


def load_coco(path: Path) -> dict:
    """Read the file's lists ``images``, ``annotations`` and ``categories``; UserError: ``annotation-file``."""
    content = read_json(path, "give a COCO file, or a folder of masks")
    lists = ("images", "annotations", "categories")
    if missing := [key for key in lists if not isinstance(content.get(key), list)]:
        hint = ": it is labelme's, give its folder" if "shapes" in content else ""
        raise UserError("annotation-file", f"{path} is no COCO file, it has no {', '.join(missing)}{hint}")
    for key, needed in (("images", {"id", "file_name", "width", "height"}), ("categories", {"id", "name"})):
        for entry in content[key]:
            if lacking := sorted(needed - set(entry)):
                raise UserError("annotation-file", f"{path}: an entry of {key} has no {', '.join(lacking)}: {entry}")
    return content


def pair_coco(coco: Mapping, images: Mapping[str, str], path: Path, allow_missing: bool) -> tuple[Pairs, list[dict]]:
    """Pair images (name -> file) with entries of ``coco["images"]`` by path or file name; the second value is the entry of each."""
    files: dict[str, list[str]] = defaultdict(list)
    for file in images.values():
        for key in {file, PurePosixPath(file).name}:
            files[key].append(file)
    entry_of, lone = {}, []
    for entry in coco["images"]:
        named = str(entry["file_name"]).replace("\\", "/")
        found = files.get(named) or files.get(PurePosixPath(named).name) or []
        found = [named] if named in found else found
        if len(found) > 1:
            remedy = "write the path from the image folder"
            raise UserError("annotation-file", f"{path}: {named} may be {abbreviate(found, 10)}: {remedy}")
        if not found:
            lone.append(named)
        elif found[0] in entry_of:
            raise UserError("annotation-file", f"{path} has two entries for {found[0]}: leave one")
        else:
            entry_of[found[0]] = entry
    unlisted = [file for file in images.values() if file not in entry_of]
    what = {"mask-unpaired": (f"images of {path} are no files", lone)}
    notes = missing_notes(what | {"image-unpaired": (f"images are not in {path}", unlisted)}, allow_missing)
    if not entry_of:
        raise UserError("image-unpaired", f"{path} names none of the images: is this the right folder?")
    names = [name for name, file in images.items() if file in entry_of]
    chosen = [images[name] for name in names]
    return Pairs(names, chosen, [f"{name}.png" for name in names], notes), [entry_of[file] for file in chosen]


def read_coco(
    coco: Mapping, entries: Sequence[Mapping], images: Sequence[ImageFile], path: Path, classes_file: str | None = None
) -> Source:
    """Read the shapes of every image, by its entry; without a file of classes, these are the categories that have shapes, by id."""
    sizes = [(entry["width"], entry["height"]) for entry in entries]
    on_all_cores(require_size, [(i, path, size) for i, size in zip(images, sizes, strict=True)], "comparing sizes")
    of_image: dict[int, list[dict]] = defaultdict(list)
    for annotation in coco["annotations"]:
        of_image[annotation.get("image_id")].append(annotation)
    used = {annotation.get("category_id") for entry in entries for annotation in of_image[entry["id"]]}
    categories = sorted(coco["categories"], key=lambda category: category["id"])
    name_of = {category["id"]: str(category["name"]) for category in categories if category["id"] in used}
    classes, index = number_labels(list(dict.fromkeys(name_of.values())), classes_file)
    shapes, faults = [], []
    for entry, size in zip(entries, sizes, strict=True):
        of_one = []
        for annotation in of_image[entry["id"]]:
            name = name_of.get(annotation.get("category_id"))
            try:
                if name is None:
                    raise ValueError(f"its category_id is {annotation.get('category_id')}, which is no category")
                of_one.append(_shape(annotation, size, index[name]))
            except (KeyError, TypeError, ValueError) as error:
                faults.append(f"annotation {annotation.get('id')} of {entry['file_name']}: {error}")
        shapes.append([shape for _, shape in sorted(of_one, key=lambda pair: -pair[0])])
    if faults:
        found = f"{path}: {len(faults)} annotations can't be drawn:"
        raise UserError("annotation-file", found, first_lines(faults, 10))
    unused = [category["name"] for category in categories if category["id"] not in used]
    found = [f"COCO: {sum(map(len, shapes))} instances of {len(name_of)} categories"]
    found += [f"left out: categories without an instance: {abbreviate(unused, 10)}"] if unused else []
    shown = [{0} | {shape.index for shape in of_one} for of_one in shapes]
    return Source(found, classes, shown, [partial(draw_shapes, *task) for task in zip(sizes, shapes, strict=True)])


def _shape(annotation: Mapping, size: tuple[int, int], index: int) -> tuple[float, Shape]:
    """An instance's area in pixels, and what to draw."""
    outline = annotation.get("segmentation")
    if isinstance(outline, dict):
        runs = outline["counts"] if isinstance(outline["counts"], list) else run_lengths(outline["counts"])
        if tuple(outline["size"]) != size[::-1] or sum(runs) != size[0] * size[1] or min(runs) < 0:
            raise ValueError(f"its RLE is for {outline['size']} (height, width), the image is {size[0]} x {size[1]}")
        return annotation.get("area") or sum(runs[1::2]), Shape(index, "runs", runs)
    if not outline:
        raise ValueError("it has no segmentation; a bounding box is no outline")
    if any(len(part) < 6 or len(part) % 2 for part in outline):
        raise ValueError("a polygon needs three points, each an x and a y")
    parts = [list(zip(part[::2], part[1::2], strict=True)) for part in outline]
    return annotation.get("area") or sum(map(area, parts)), Shape(index, "polygons", parts)
