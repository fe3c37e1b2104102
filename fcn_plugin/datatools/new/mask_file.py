"""Read one mask file: its values, and its class indices."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Set
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from PIL import Image

from ...data.class_map import LARGEST_ID, ClassMap
from ...data.classes_file import Colour
from ...data.headers import IDS, LOSSY, Header, mask_problems, pair_problems
from ...data.images import open_image, read_mask
from ...data.masks.ids import count_ids, mask_ids
from ...data.problems import refuse
from ...errors import UserError
from .files import ImageFile

MOST_VALUES = 1024  # most ids or colours of a mask
SMOOTH = "were smooth (anti-aliased) edges, resizing or JPEG used? Save its source again with hard edges, as PNG"


class MaskFacts(NamedTuple):
    """The values of a mask."""

    kind: Literal["index", "gray", "colour"]  # gray: ids saved as equal channels
    mode: str  # Pillow's
    pixels: Mapping[Any, int]  # number of pixels of each id, or of each colour (kinds gray and colour)
    palette: Mapping[int, Colour]  # colour of each id in a palette mask, else empty
    inside: Set[Any]  # values with a pixel whose four neighbours are equal, so not only on edges


def read_facts(image: ImageFile, path: Path) -> MaskFacts:
    """Read a mask and count its values; UserError for faults of the file, impossible values, or transparent pixels."""
    header, mask = open_pair(image, path)
    if header.format in LOSSY:
        refuse(mask_problems(header))
    if header.mode in IDS:
        ids = mask_ids(header, mask)
        pixels = _count_ids(ids, path)
        palette = _palette(mask, pixels) if mask.mode == "P" else {}
        return MaskFacts("index", mask.mode, pixels, palette, frozenset(_inside(ids)))
    rgb = opaque(header, mask)
    counts: Any = rgb.getcolors(MOST_VALUES)  # (count, colour) of each
    if counts is None:
        raise UserError("mask-colours", f"{path} has more than {MOST_VALUES} colours: {SMOOTH}, or --nearest-colors")
    colours: dict[Colour, int] = {colour: count for count, colour in counts}
    inside = frozenset((key >> 16, key >> 8 & 255, key & 255) for key in _inside(packed(rgb)))
    is_gray = all(r == g == b for r, g, b in colours)
    return MaskFacts("gray" if is_gray else "colour", mask.mode, colours, {}, inside)


def open_pair(image: ImageFile, path: Path) -> tuple[Header, Image.Image]:
    """Read a mask that fits its image; UserError: ``mask-unreadable``, ``mask-size``, ``image-turned``."""
    header, mask = read_mask(str(path))
    refuse(pair_problems(image.header, header))
    return header, mask


def opaque(header: Header, mask: Image.Image) -> Image.Image:
    """Convert a mask to RGB; UserError: ``mask-colours``, ``mask-depth`` if that would lose information."""
    if header.mode not in (*IDS, "RGB", "RGBA", "LA", "PA") and header.format not in LOSSY:
        raise UserError("mask-colours", f"{header.path} has mode {header.mode}: save it as RGB, or one id per pixel")
    if header.mode not in IDS and header.bits > 8:
        raise UserError("mask-depth", f"{header.path} has {header.bits} bits per channel: save it with 8 bits")
    if "A" in mask.getbands() and mask.getchannel("A").getextrema() != (255, 255):
        found = f"{header.path} has transparent pixels, which have no colour"
        raise UserError("mask-colours", f"{found}: save it without transparency")
    return mask.convert("RGB")


def packed(rgb: Image.Image) -> np.ndarray:
    """Pack colours into (H, W) int32, red << 16 | green << 8 | blue."""
    red, green, blue = np.moveaxis(np.asarray(rgb).astype(np.int32), -1, 0)
    return red << 16 | green << 8 | blue


def _inside(values: np.ndarray) -> list[int]:
    """Return the values of (H, W) with a pixel whose four neighbours are equal."""
    beside, below = values[:, 1:] == values[:, :-1], values[1:] == values[:-1]
    flat = beside[1:-1, 1:] & beside[1:-1, :-1] & below[1:, 1:-1] & below[:-1, 1:-1]
    return np.unique(values[1:-1, 1:-1][flat]).tolist()


def _count_ids(mask: np.ndarray, path: Path) -> dict[int, int]:
    ids, counts = count_ids(mask)
    if ids[0] < 0 or ids[-1] > LARGEST_ID:
        found = f"{path} has ids from {ids[0]} to {ids[-1]}: they must be 0 to {LARGEST_ID}"
        raise UserError("mask-ids", f"{found}; give pixels without data the id 255, which is void")
    if len(ids) > MOST_VALUES:
        raise UserError("mask-ids", f"{path} has {len(ids)} ids: use a mask of classes, not of objects or a photo")
    return dict(zip(ids.tolist(), counts.tolist(), strict=True))


def _palette(mask: Image.Image, ids: Mapping[int, int]) -> dict[int, Colour]:
    values = mask.getpalette("RGB") or []
    values += [0] * (3 * 256 - len(values))  # a palette may end before its last id
    return {id: (values[3 * id], values[3 * id + 1], values[3 * id + 2]) for id in ids}


def by_colour(facts: MaskFacts) -> MaskFacts:
    """Count a palette mask's pixels by their colours."""
    pixels: Counter[Colour] = Counter()
    for id, count in facts.pixels.items():
        pixels[facts.palette[id]] += count
    return MaskFacts("colour", facts.mode, pixels, {}, frozenset(facts.palette[id] for id in facts.inside))


def draw_ids(path: Path, ids: ClassMap) -> np.ndarray:
    """Read the class indices, (H, W) uint8, of an index mask, or of one saved with equal channels."""
    header, image = open_image(str(path), "mask")
    mask = mask_ids(header, image) if header.mode in IDS else np.asarray(image.convert("RGB").getchannel(0))
    return ids.convert(mask, str(path))


def draw_colours(path: Path, table: Mapping[Colour, int]) -> np.ndarray:
    """Read the class indices, (H, W) uint8, of a mask; all of its colours must be in the table."""
    keys, values = [r << 16 | g << 8 | b for r, g, b in sorted(table)], [table[colour] for colour in sorted(table)]
    return np.array(values, np.uint8)[np.searchsorted(keys, packed(open_image(str(path), "mask")[1].convert("RGB")))]
