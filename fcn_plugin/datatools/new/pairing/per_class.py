"""Merge masks of one class each, such as ``a_cat.png`` and ``a_dog.png``, with classes named by suffixes or folders."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from ....data.classes_file import class_name
from ....data.headers import IDS
from ....data.images import open_image
from ....errors import UserError, abbreviate
from ...cores import on_all_cores
from ..classes import BACKGROUND, Source, number_labels
from ..files import ImageFile, Pairs, missing_notes
from ..mask_file import by_colour, read_facts
from .pair import lone, match
from .tails import Variant, tails
from .views import Files

Parts = Mapping[str, str]  # class -> file of its mask

SEPARATORS = re.compile(r"[/_\-. *]+")


def pair_parts(
    images: Files, masks: Files, start: str | None, allow_missing: bool, image_tail: str | None
) -> tuple[Pairs, list[Parts]]:
    """Pair images with all of their masks; also return the masks of each image by class.

    Args:
        start: start of the masks' suffixes; None: their common start.

    Raises:
        UserError: image-unpaired, mask-unpaired; mask-name: two masks of an image have the same class; class-file.
    """
    found = match(images, masks, None, image_tail)
    own = found.image_tails if found.one_folder else ()
    variants: dict[str, dict[Variant, str]] = defaultdict(dict)  # of each image's name
    for mask in found.masks:
        end = next((end for end in tails(mask.name, found.images) if end not in own), None)
        variant = Variant(mask.kind, end or "")
        if end is not None and any(variant) and (start is None or end.startswith(start)):
            variants[mask.name.removesuffix(end)][variant] = mask.file
    classes = class_names(sorted({variant for of_image in variants.values() for variant in of_image}), start or "")
    paired = {file: variants[name] for name, file in found.images.items() if name in variants}
    used = {*paired, *(file for of_image in paired.values() for file in of_image.values())}
    notes = missing_notes(lone(images, found, used, set(variants)), allow_missing)
    unused = [mask.file for mask in found.masks if not found.one_folder and mask.file not in used]
    notes += [f"not used: {len(unused)} masks: {abbreviate(unused)}"] if unused and not notes else []
    names, parts = found.names(), list[Parts]()
    for of_image in paired.values():
        parts.append({classes[variant]: file for variant, file in of_image.items()})
        if len(parts[-1]) < len(of_image):
            raise UserError(
                "mask-name",
                f"several masks of the same image and class: {', '.join(of_image.values())}; keep one of them",
            )
    chosen = [names[file] for file in paired]
    return Pairs(chosen, [*paired], [f"{name}.png" for name in chosen], notes), parts


def class_names(variants: Sequence[Variant], start: str) -> dict[Variant, str]:
    """Name the classes after the parts in which suffixes and folders differ; UserError: ``class-file``."""
    if not variants:
        raise UserError("mask-unpaired", f"no mask is named IMAGE{start}CLASS: correct --mask-suffix")
    split = {v: [word for word in SEPARATORS.split(f"{v.kind}/{v.tail.removeprefix(start)}") if word] for v in variants}
    while all(len(words) > 1 for words in split.values()) and len({words[0] for words in split.values()}) == 1:
        split = {variant: words[1:] for variant, words in split.items()}
    while all(len(words) > 1 for words in split.values()) and len({words[-1] for words in split.values()}) == 1:
        split = {variant: words[:-1] for variant, words in split.items()}
    return {variant: class_name("_".join(words), f"the masks {variant}") for variant, words in split.items()}


def read_parts(
    images: Sequence[ImageFile], folder: Path, parts: Sequence[Parts], classes_file: str | None = None
) -> Source:
    """Merge masks of one class each; later classes cover earlier ones. Classes: background, then in alphabetical order.

    Raises:
        UserError: faults of files; mask-ids: a mask with more than two values; class-file.
    """
    labels = sorted(set().union(*parts))
    classes, index = number_labels(labels, classes_file)
    layers = [[(index[label], folder / file) for label, file in of_image.items()] for of_image in parts]
    layers = [sorted(of_image, key=lambda layer: layer[0]) for of_image in layers]
    overlaps = on_all_cores(_overlap, list(zip(images, layers, strict=True)), "reading masks")
    shown, twice = [found for found, _ in overlaps], sum(count for _, count in overlaps)
    found = [f"{sum(map(len, parts))} masks of one class each: {', '.join(labels)}; other pixels are {BACKGROUND}"]
    if twice:
        files = sum(count > 0 for _, count in overlaps)
        order = " over ".join(reversed(labels if not classes_file else sorted(labels, key=index.__getitem__)))
        found.append(f"{twice} pixels of {files} images are in several masks: {order}; --classes sets another order")
    return Source(
        found,
        classes,
        shown,
        [partial(_draw, image.header.shown, of_image) for image, of_image in zip(images, layers, strict=True)],
    )


def _overlap(image: ImageFile, layers: Sequence[tuple[int, Path]]) -> tuple[set[int], int]:
    """Check an image's masks; return the classes visible after drawing, and the number of pixels in several masks."""
    covers = np.zeros(image.header.shown[::-1], np.uint8)
    for _, path in layers:
        facts = read_facts(image, path)
        values = by_colour(facts).pixels if facts.palette else facts.pixels
        if sum(bool(np.any(value)) for value in values) > 1:
            found = f"{path} has {len(values)} values, but a mask of one class has 0 and another"
            raise UserError("mask-ids", f"{found}: choose masks with --mask-suffix, the start of their suffixes")
        covers += _is_class(path)
    return set(np.unique(_draw(image.header.shown, layers)).tolist()), int((covers > 1).sum())


def _draw(size: tuple[int, int], layers: Sequence[tuple[int, Path]]) -> np.ndarray:
    """Draw the class indices, (H, W) uint8, in the order of the classes."""
    drawn = np.zeros(size[::-1], np.uint8)
    for index, path in layers:
        drawn[_is_class(path)] = index
    return drawn


def _is_class(path: Path) -> np.ndarray:
    """Return which pixels are not 0 or black, (H, W) bool."""
    mask = open_image(str(path), "mask")[1]
    colours = mask.mode == "P" or mask.mode not in IDS
    return np.logical_or.reduce(np.asarray(mask.convert("RGB")), axis=-1) if colours else np.asarray(mask) != 0
