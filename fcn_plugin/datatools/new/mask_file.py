"""One mask file: what its pixels hold, and its class indices."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image

from ...data.class_map import LARGEST_ID, ClassMap
from ...data.headers import LOSSY, Header, UnreadableFile, mask_problems
from ...data.problems import Problem
from ...errors import UserError
from ..check.contents import decoded
from .photos import Photo, fit, refuse
from .source import Colour

MOST_VALUES = 1024  # more are neither ids nor colours of classes
COLOUR_MODES = ("RGB", "RGBA", "LA", "PA")
SMOOTH = "is it drawn with smooth (anti-aliased) edges, resized, or was it a JPEG? Save it from its source with hard edges, as PNG"


@dataclass(frozen=True)
class MaskFacts:
    """What a mask holds.

    Attributes:
        kind: ``index``, one id per pixel; ``gray``, ids saved as equal channels; ``colour``.
        mode: Pillow's.
        pixels: how many carry each id, or each colour (of kinds ``gray`` and ``colour``).
        palette: colour of each id in a palette mask, else empty.
    """

    kind: Literal["index", "gray", "colour"]
    mode: str
    pixels: Mapping[int | Colour, int]
    palette: Mapping[int, Colour]


def survey(photo: Photo, path: Path) -> MaskFacts:
    """Read a mask and count its values.

    Raises:
        UserError: not a mask: unreadable, lossy, transparent, of another size than its image, more values than classes can be.
    """
    try:
        with decoded(str(path), "mask") as (header, image):
            return _facts(photo, path, header, image)
    except UnreadableFile as error:
        raise UserError(error.problem.message) from error


def _facts(photo: Photo, path: Path, header: Header, image: Image.Image) -> MaskFacts:
    fit(photo, header)
    if header.format in LOSSY:
        refuse([Problem("lossy mask", str(path), f"a {header.format} file")])
    if image.mode not in COLOUR_MODES:
        refuse(mask_problems(header))
        pixels = _ids(image, path)
        return MaskFacts("index", image.mode, pixels, _palette(image, pixels))
    if "A" in image.getbands() and image.getchannel("A").getextrema() != (255, 255):
        raise UserError(f"{path} has transparent pixels, whose colour is not meant: save it without transparency")
    colours = image.convert("RGB").getcolors(MOST_VALUES)
    if colours is None:
        raise UserError(f"{path} holds more than {MOST_VALUES} colours: {SMOOTH}")
    kind = "gray" if all(r == g == b for _, (r, g, b) in colours) else "colour"
    return MaskFacts(kind, image.mode, {colour: count for count, colour in colours}, {})


def by_colour(facts: MaskFacts) -> MaskFacts:
    """A palette mask's pixels by their colours."""
    pixels: Counter[Colour] = Counter()
    for id, count in facts.pixels.items():
        pixels[facts.palette[id]] += count
    return MaskFacts("colour", facts.mode, pixels, {})


def draw_ids(path: Path, ids: ClassMap) -> np.ndarray:
    """Class indices, (H, W) uint8, of an index mask, or of one saved as equal channels."""
    with Image.open(path) as image:
        if image.mode in COLOUR_MODES:
            image = image.convert("RGB").getchannel(0)
        mask = np.asarray(image)
    return ids.convert(mask, str(path))


def draw_colours(path: Path, table: Mapping[Colour, int]) -> np.ndarray:
    """Class indices, (H, W) uint8, of a mask of colours that the table all knows."""
    with Image.open(path) as image:
        red, green, blue = np.moveaxis(np.asarray(image.convert("RGB")).astype(np.int32), -1, 0)
    keys = np.array([r << 16 | g << 8 | b for r, g, b in sorted(table)])
    values = np.array([table[colour] for colour in sorted(table)], np.uint8)
    return values[np.searchsorted(keys, red << 16 | green << 8 | blue)]


def _ids(image: Image.Image, path: Path) -> dict[int, int]:
    ids, counts = np.unique(np.asarray(image), return_counts=True)
    if ids[0] < 0 or ids[-1] > LARGEST_ID:
        raise UserError(f"{path} holds ids from {ids[0]} to {ids[-1]}: ids are whole numbers from 0 to {LARGEST_ID}")
    if len(ids) > MOST_VALUES:
        raise UserError(f"{path} holds {len(ids)} ids: are they objects in place of classes, or is it a photograph?")
    return dict(zip(ids.astype(int).tolist(), counts.tolist(), strict=True))


def _palette(image: Image.Image, ids: Mapping[int, int]) -> dict[int, Colour]:
    if image.mode != "P":
        return {}
    values = image.getpalette("RGB")
    values += [0] * (3 * 256 - len(values))  # a palette may end before its last id
    return {id: tuple(values[3 * id : 3 * id + 3]) for id in ids}
