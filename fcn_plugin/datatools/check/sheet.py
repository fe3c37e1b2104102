"""A contact sheet of checked pairs: do images and masks belong together, are the classes what they are called?"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from ...data.class_map import IGNORED, ClassMap
from ...data.headers import mask_problems
from ...data.images import UnreadableFile, read_image, read_mask
from ...data.masks.ids import mask_ids
from ...data.palette import voc_palette
from ...visualization.sheet import contact_sheet
from .tally import Tally, class_indices

TILES = 16
SIDE = 640  # px, more than a tile has on the sheet: images are shrunk to it, for memory


def draw_pairs(tallies: Sequence[Tally], path: str | Path) -> str | None:
    """Draw pairs, evenly spread over the counted splits, into the PNG ``path``; returns None where no image can be read."""
    ids = tallies[0].names[:IGNORED]  # where nothing is known of ids, as many as a picture can tell apart
    class_map = tallies[0].class_map or ClassMap({int(name): i for i, name in enumerate(ids)}, tuple(ids))
    palette = tallies[0].split.sources[0].palette or voc_palette()[: len(class_map.classes)]
    sources = [(tally.split.name, source) for tally in tallies for source in tally.split.sources]
    ends = np.cumsum([len(source.images) for _, source in sources])
    tiles = []
    for number in dict.fromkeys(i * ends[-1] // TILES for i in range(TILES)):
        which = np.searchsorted(ends, number, side="right")
        split, source = sources[which]
        # counted from the source's end
        image, mask = (os.fsdecode(side[number - ends[which]]) for side in (source.images, source.masks))
        try:
            tiles.append(_tile(f"{split}: {Path(image).name}", image, mask, source.class_map or class_map))
        except UnreadableFile:  # is in the report
            continue
    if not tiles:
        return None
    contact_sheet(tiles, palette, class_map.classes, path)
    return str(path)


def _tile(caption: str, image: str, mask: str, class_map: ClassMap) -> tuple[str, np.ndarray, np.ndarray | None]:
    """The image upright, as it is loaded; without a mask that can't be laid over it."""
    shown = Image.fromarray(read_image(image)[1][..., ::-1])
    size = shown.size
    shown.thumbnail((SIDE, SIDE))
    with contextlib.suppress(UnreadableFile):  # a mask without a path, too
        header, picture = read_mask(mask)
        if picture.size == size and not mask_problems(header):
            ids = mask_ids(header, picture.resize(shown.size, Image.Resampling.NEAREST))
            found, places = np.unique(ids, return_inverse=True)
            return caption, np.asarray(shown), class_indices(found, class_map)[0][places].reshape(ids.shape)
    return f"{caption}\nwithout a mask", np.asarray(shown), None
