"""A contact sheet of checked pairs: do images and masks belong together, are the classes what they are called?"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from ...data.class_map import IGNORED, ClassMap
from ...data.headers import UnreadableFile, mask_problems
from ...data.palette import voc_palette
from ...visualization.sheet import contact_sheet
from .contents import decoded
from .splits import unpack
from .tally import Tally, class_indices

TILES = 16
SIDE = 640  # px, more than a tile has on the sheet: large images are not kept whole


def draw_pairs(tallies: Sequence[Tally], path: str | Path) -> str | None:
    """Draw pairs, evenly spread over all splits, into a PNG.

    Args:
        tallies: of the splits, counted.
        path: file to write.

    Returns:
        The file; None where none of the chosen images can be read.
    """
    class_map = tallies[0].class_map or _as_named(tallies[0])
    palette = tallies[0].split.sources[0].palette or voc_palette()[: len(class_map.classes)]
    total = sum(len(tally.split) for tally in tallies)
    tiles = []
    for number in dict.fromkeys(i * total // TILES for i in range(TILES)):
        tally, place = _locate(tallies, number)
        source, pair = tally.locate(place)
        image, mask = unpack(source.images[pair]), unpack(source.masks[pair])
        try:
            tiles.append(_tile(f"{tally.split.name}: {Path(image).name}", image, mask, source.class_map or class_map))
        except UnreadableFile:  # is in the report
            continue
    if not tiles:
        return None
    contact_sheet(tiles, palette, class_map.classes, path)
    return str(path)


def _as_named(tally: Tally) -> ClassMap:
    """The ids that occur as classes, as far as a picture can tell them apart."""
    names = tally.names[:IGNORED]
    return ClassMap({int(name): i for i, name in enumerate(names)}, tuple(names))


def _locate(tallies: Sequence[Tally], number: int) -> tuple[Tally, int]:
    for tally in tallies:
        if number < len(tally.split):
            break
        number -= len(tally.split)
    return tally, number


def _tile(caption: str, image: str, mask: str, class_map: ClassMap) -> tuple[str, np.ndarray, np.ndarray | None]:
    """The image upright, as it is loaded; without a mask that can't be laid over it."""
    with decoded(image, "image") as (_, picture):
        shown = ImageOps.exif_transpose(picture).convert("RGB")
    size = shown.size
    shown.thumbnail((SIDE, SIDE))
    ids = _read_ids(mask, size, shown.size) if mask else None
    if ids is None:
        return f"{caption}\nwithout a mask", np.asarray(shown), None
    found, places = np.unique(ids, return_inverse=True)
    indices, _ = class_indices(found, class_map)
    return caption, np.asarray(shown), indices[places].reshape(ids.shape)


def _read_ids(path: str, size: tuple[int, int], shown: tuple[int, int]) -> np.ndarray | None:
    try:
        with decoded(path, "mask") as (header, picture):
            if mask_problems(header) or picture.size != size:
                return None
            return np.asarray(picture.resize(shown, Image.Resampling.NEAREST))
    except UnreadableFile:
        return None
