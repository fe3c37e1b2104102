"""One mask file: what its pixels hold, and its class indices."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from PIL import Image

from ...data.class_map import LARGEST_ID, ClassMap
from ...data.headers import LOSSY, mask_problems, pair_problems
from ...data.images import open_image, read_mask
from ...data.problems import Problem, refuse
from ...errors import UserError
from ..check.contents import count_ids
from .classes import Colour
from .files import ImageFile

MOST_VALUES = 1024  # more are neither ids nor colours of classes
COLOUR_MODES = ("RGB", "RGBA", "LA", "PA")
SMOOTH = "is it drawn with smooth (anti-aliased) edges, resized, or was it a JPEG? Save it from its source with hard edges, as PNG"


class MaskFacts(NamedTuple):
    """What a mask holds."""

    kind: Literal["index", "gray", "colour"]  # gray: ids saved as equal channels
    mode: str  # Pillow's
    pixels: Mapping[int | Colour, int]  # how many have each id, or each colour (of kinds gray and colour)
    palette: Mapping[int, Colour]  # colour of each id in a palette mask, else empty


def read_facts(image: ImageFile, path: Path) -> MaskFacts:
    """Read a mask and count its values; UserError: faults of the file, values that no classes have, or transparent pixels."""
    header, mask = read_mask(str(path))
    refuse(pair_problems(image.header, header))
    if header.format in LOSSY:
        refuse([Problem("mask-lossy", str(path), f"a {header.format} file")])
    if mask.mode not in COLOUR_MODES:
        refuse(mask_problems(header))
        pixels = _count_ids(mask, path)
        return MaskFacts("index", mask.mode, pixels, _palette(mask, pixels) if mask.mode == "P" else {})
    if "A" in mask.getbands() and mask.getchannel("A").getextrema() != (255, 255):
        raise UserError("mask-colours", f"{path} has transparent pixels, of no colour: save it without transparency")
    colours = mask.convert("RGB").getcolors(MOST_VALUES)
    if colours is None:
        raise UserError("mask-colours", f"{path} holds more than {MOST_VALUES} colours: {SMOOTH}")
    kind = "gray" if all(r == g == b for _, (r, g, b) in colours) else "colour"
    return MaskFacts(kind, mask.mode, {colour: count for count, colour in colours}, {})


def _count_ids(mask: Image.Image, path: Path) -> dict[int, int]:
    ids, counts = count_ids(mask)
    if ids[0] < 0 or ids[-1] > LARGEST_ID:
        raise UserError("mask-ids", f"{path} holds ids from {ids[0]} to {ids[-1]}: they must be 0 to {LARGEST_ID}")
    if len(ids) > MOST_VALUES:
        raise UserError("mask-ids", f"{path} holds {len(ids)} ids: are they objects, not classes, or is it a photo?")
    return dict(zip(ids.tolist(), counts.tolist(), strict=True))


def _palette(mask: Image.Image, ids: Mapping[int, int]) -> dict[int, Colour]:
    values = mask.getpalette("RGB")
    values += [0] * (3 * 256 - len(values))  # a palette may end before its last id
    return {id: tuple(values[3 * id : 3 * id + 3]) for id in ids}


def by_colour(facts: MaskFacts) -> MaskFacts:
    """Count a palette mask's pixels by their colours."""
    pixels = sum((Counter({facts.palette[id]: count}) for id, count in facts.pixels.items()), Counter())
    return MaskFacts("colour", facts.mode, pixels, {})


def draw_ids(path: Path, ids: ClassMap) -> np.ndarray:
    """Read the class indices, (H, W) uint8, of an index mask, or of one saved as equal channels."""
    image = open_image(str(path), "mask")[1]
    mask = np.asarray(image.convert("RGB").getchannel(0) if image.mode in COLOUR_MODES else image)
    return ids.convert(mask, str(path))


def draw_colours(path: Path, table: Mapping[Colour, int]) -> np.ndarray:
    """Read the class indices, (H, W) uint8, of a mask whose colours are all in the table."""
    image = open_image(str(path), "mask")[1].convert("RGB")
    red, green, blue = np.moveaxis(np.asarray(image).astype(np.int32), -1, 0)
    keys, values = [r << 16 | g << 8 | b for r, g, b in sorted(table)], [table[colour] for colour in sorted(table)]
    return np.uint8(values)[np.searchsorted(keys, red << 16 | green << 8 | blue)]
