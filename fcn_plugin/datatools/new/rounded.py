"""Read masks with inexact values (JPEG, lossy WebP, smooth edges): two classes by a threshold, or nearest colours."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from ...data.class_map import IGNORED
from ...data.classes_file import Colour, read_class_table
from ...data.headers import IDS, Header
from ...data.images import open_image
from ...errors import UserError
from ..cores import on_all_cores
from .classes import Classes, Source, colour_classes
from .files import ImageFile
from .mask_file import opaque, open_pair, packed
from .options import Options

# a mask -> its class indices, (H, W) uint8, and the number of inexact pixels
Rule = Callable[[Header, Image.Image], tuple[np.ndarray, int]]


class Rounded(NamedTuple):
    """Attributes: ``shown``, class indices (and 255) in a mask; ``pixels``, their number; ``decided``, number of inexact ones."""

    shown: set[int]
    pixels: int
    decided: int


def by_threshold(value: float, header: Header, mask: Image.Image) -> tuple[np.ndarray, int]:
    """Return 1 where the brightest channel is at least ``value``, 0 below, 255 for NaN; only extreme values count as exact."""
    one_channel = header.mode in IDS and header.mode != "P"
    gray = np.asarray(mask) if one_channel else np.asarray(opaque(header, mask)).max(-1)
    gray = gray * np.uint8(255) if gray.dtype == bool else gray
    indices = (gray >= value).astype(np.uint8)
    if gray.dtype.kind == "f":
        indices[np.isnan(gray)] = IGNORED
    return indices, int(((gray > gray.min()) & (gray < gray.max())).sum())


def by_nearest(table: Mapping[Colour, int], header: Header, mask: Image.Image) -> tuple[np.ndarray, int]:
    """Return the index of the nearest colour in RGB, the first of several; the table's colours count as exact."""
    keys = packed(opaque(header, mask))
    there = np.zeros(1 << 24, bool)
    there[keys] = True
    colours = np.flatnonzero(there)
    channels = np.stack([colours >> 16, colours >> 8 & 255, colours & 255], -1)
    index, least = np.zeros(len(colours), np.uint8), np.full(len(colours), np.iinfo(np.int64).max)
    for colour, value in table.items():
        distance = ((channels - colour) ** 2).sum(-1)
        index[distance < least] = value
        least = np.minimum(least, distance)
    indices, inexact = np.zeros(1 << 24, np.uint8), np.zeros(1 << 24, bool)
    indices[colours], inexact[colours] = index, least > 0
    return indices[keys], int(inexact[keys].sum())


def read_rounded(images: Sequence[ImageFile], paths: Sequence[Path], options: Options) -> Source:
    """Read masks by ``--threshold`` or ``--nearest-colors``.

    Raises:
        UserError: option-value: contradicting options, or a threshold that all pixels or none reach; class-file; faults of files.
    """
    if options.threshold is not None:
        classes, rule = _two_classes(options), partial(by_threshold, options.threshold)
        what = f"two classes below and from {options.threshold:g}"
        exact = "are neither the smallest nor the largest value of their mask"
    else:
        classes, table = _colour_table(options)
        rule, what, exact = (
            partial(by_nearest, table),
            f"the nearest of {len(table)} colours",
            "have none of these exactly",
        )
    tasks = [(image, path, rule) for image, path in zip(images, paths, strict=True)]
    masks = on_all_cores(_round, tasks, "reading masks")
    shown = set().union(*(mask.shown for mask in masks)) - {IGNORED}
    if options.threshold is not None and len(shown) == 1:
        side = "reach" if shown == {1} else "are below"
        raise UserError(
            "option-value", f"all pixels of the masks {side} --threshold {options.threshold:g}: choose another"
        )
    share = 100 * sum(mask.decided for mask in masks) / sum(mask.pixels for mask in masks)
    found = [f"masks converted to {what}; {share:.3g} % of the pixels {exact}"]
    return Source(found, classes, [mask.shown for mask in masks], [partial(_draw, path, rule) for path in paths])


def _round(image: ImageFile, path: Path, rule: Rule) -> Rounded:
    indices, decided = rule(*open_pair(image, path))
    return Rounded(set(np.unique(indices).tolist()), indices.size, decided)


def _draw(path: Path, rule: Rule) -> np.ndarray:
    return rule(*open_image(str(path), "mask"))[0]


def _two_classes(options: Options) -> Classes:
    if options.nearest_colors or options.ignore_ids is not None or options.ignore_colors:
        found = "--threshold divides all pixels into two classes"
        raise UserError("option-value", f"{found}: remove --nearest-colors, --ignore-ids and --ignore-colors")
    if options.classes is None:
        return Classes({0: "background", 1: "object"}, (IGNORED,))
    class_map, colours, _ = read_class_table(options.classes)
    if len(set(class_map.values())) != 2 or len(class_map) != 2:
        raise UserError("class-file", f"{options.classes} has {len(class_map)} entries: --threshold makes two classes")
    return Classes(dict(enumerate(class_map.values())), (IGNORED,), colours and dict(enumerate(colours.values())))


def _colour_table(options: Options) -> tuple[Classes, dict[Colour, int]]:
    if options.classes is None or options.ignore_ids is not None:
        found = "--nearest-colors needs the colours of the classes"
        raise UserError("option-value", f"{found}: give them with --classes FILE, without --ignore-ids")
    classes = colour_classes(read_class_table(options.classes), options.classes, options.ignore_colors)
    return classes, classes.indices_of_colours(options.ignore_colors)
