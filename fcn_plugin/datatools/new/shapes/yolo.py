"""Read masks from YOLO's text files: one polygon per line, ``class x1 y1 x2 y2 ...``, relative to the image's width and height.

The labels of ``images/train/a.jpg`` are in ``labels/train/a.txt``; without a folder ``images``, ``a.txt`` is next to the image.
"""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from ....atomic_write import read_plain
from ....errors import UserError, abbreviate, first_lines
from ..classes import Source
from ..files import ImageFile, Pairs
from ..split import SPLIT_OF
from .draw import Shape, area, rectangle
from .instances import Instance, source_of
from .names import BOXES, DRAWN_BOXES, FEW_POINTS, label_name

LARGEST = 10.0  # of relative coordinates; a shape may extend outside the image
MOST_BYTES = 2**24
Labels = Mapping[int, str]


def pair_yolo(root: Path, images_dir: Path, images: Mapping[str, str]) -> Pairs:
    """Pair every image with its text file, which may be missing if it has no objects; UserError: ``mask-unpaired``."""
    texts = {file: text_of(images_dir / file) for file in images.values()}
    lone = [file for file, text in texts.items() if not text.is_file()]
    if len(lone) == len(texts):
        example = texts[lone[0]]
        raise UserError("mask-unpaired", f"no image has a text file, for example {example}: correct --images")
    notes = [f"{len(lone)} images without a text file, all background: {abbreviate(lone, 10)}"] if lone else []
    masks = [Path(os.path.relpath(text, root)).as_posix() for text in texts.values()]
    parts = [next((part for part in PurePosixPath(file).parts[:-1] if part.lower() in SPLIT_OF), "") for file in texts]
    return Pairs([*images], [*texts], masks, notes, parts if all(parts) else None)


def text_of(image: Path) -> Path:
    """Return the text file of an image: in ``labels`` if the image is in ``images``, else next to it."""
    folders = list(image.absolute().parent.parts)
    for i in reversed(range(len(folders))):
        if folders[i] == "images":
            folders[i] = "labels"
            break
    return Path(*folders, f"{image.stem}.txt")


def class_names(root: Path) -> Labels:
    """Read the names from ``data.yaml``, or another YAML file in the folder; UserError: ``class-file``."""
    import yaml

    for path in sorted([*root.glob("*.yaml"), *root.glob("*.yml")], key=lambda path: path.name != "data.yaml"):
        try:
            content = yaml.safe_load(read_plain(path, MOST_BYTES))
        except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
            raise UserError("class-file", f"{path} can't be read as YAML ({error}): correct it") from error
        names = content.get("names") if isinstance(content, dict) else None
        pairs = enumerate(names) if isinstance(names, list) else names.items() if isinstance(names, dict) else ()
        if found := {id: label_name(name, f"{path}, names") for id, name in pairs if type(id) is int}:
            return found
    raise UserError("class-file", f"no YAML file with names in {root}: write data.yaml with a line names: [cat, dog]")


def read_yolo(
    root: Path,
    pairs: Pairs,
    images: Sequence[ImageFile],
    classes_file: str | None = None,
    boxes: bool = False,
) -> Source:
    """Read the polygons of every image; without a file of classes, the classes are the names with shapes, by number.

    Args:
        boxes: draw lines of five values, which are boxes.
    """
    names, counts, of_image, faults = class_names(root), Counter[str](), [], []
    for image, text in zip(images, pairs.masks, strict=True):
        found, path = [], root / text
        for i, line in enumerate(_lines(path), 1):
            try:
                found += _instances(line.split(), names, image.header.shown, boxes, counts)
            except ValueError as error:
                faults.append(f"{path}, line {i}: {error}")
        of_image.append(found)
    if faults:
        raise UserError("annotation-file", f"{len(faults)} invalid lines:", first_lines(faults, 10))
    return source_of("YOLO", of_image, images, names.values(), counts, classes_file)


def _lines(path: Path) -> list[str]:
    if not path.is_file():
        return []
    try:
        return [line for line in read_plain(path, MOST_BYTES).decode("utf-8-sig").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise UserError("annotation-file", f"{path} can't be read as text ({error}): export it again") from error


def _instances(
    cells: Sequence[str], names: Labels, size: tuple[int, int], boxes: bool, counts: Counter[str]
) -> list[Instance]:
    """Read a line; ValueError for a malformed one."""
    if not cells[0].isdecimal() or int(cells[0]) not in names:
        raise ValueError(f"unknown class {cells[0]:.20}, data.yaml has {abbreviate([*map(str, names)], 10)}")
    label, values = names[int(cells[0])], [float(cell) for cell in cells[1:]]
    if not all(math.isfinite(value) and abs(value) <= LARGEST for value in values):
        raise ValueError("a value is not a share of the image's width or height")
    scaled = [value * size[i % 2] for i, value in enumerate(values)]
    if len(scaled) == 4:
        x, y, width, height = scaled
        counts[DRAWN_BOXES if boxes else BOXES] += 1
        corners = rectangle(x - width / 2, y - height / 2, x + width / 2, y + height / 2)
        return [Instance(label, Shape(0, "polygons", [corners]), width * height)] if boxes else []
    if len(scaled) % 2:
        raise ValueError(f"{len(scaled)} values after the class are neither pairs of x and y nor a box")
    points = list(zip(*[iter(scaled)] * 2, strict=True))
    if len(points) < 3:
        counts[FEW_POINTS] += 1
        return []
    return [Instance(label, Shape(0, "polygons", [points]), area(points))]
