"""Draw a contact sheet of checked pairs, which shows whether images, masks and class names match."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from ...data.bands.readers import Reader
from ...data.class_map import IGNORED, ClassMap
from ...data.headers import mask_problems
from ...data.images import UnreadableFile, read_mask
from ...data.masks.ids import mask_ids
from ...data.palette import voc_palette
from ...visualization.sheet import contact_sheet
from .tally import Tally, class_indices

TILES = 16
SIDE = 640  # px, larger than a tile; images are shrunk to it to save memory


def draw_pairs(tallies: Sequence[Tally], path: str | Path) -> str | None:
    """Draw pairs, evenly spaced over the splits, into the PNG ``path``; return None if no image is readable."""
    ids = tallies[0].names[:IGNORED]  # for unknown classes, as many ids as a palette has
    class_map = tallies[0].class_map or ClassMap({int(name): i for i, name in enumerate(ids)}, tuple(ids))
    palette = tallies[0].split.sources[0].palette or voc_palette()[: len(class_map.classes)]
    sources = [(tally.split.name, source) for tally in tallies for source in tally.split.sources]
    ends = np.cumsum([len(source.images) for _, source in sources])
    tiles = []
    for number in dict.fromkeys(i * ends[-1] // TILES for i in range(TILES)):
        which = np.searchsorted(ends, number, side="right")
        split, source = sources[which]
        # negative index, from the source's end
        image, mask = (os.fsdecode(side[number - ends[which]]) for side in (source.images, source.masks))
        try:
            tiles.append(
                _tile(f"{split}: {Path(image).name}", image, mask, source.class_map or class_map, source.reader)
            )
        except UnreadableFile:  # already in the report
            continue
    if not tiles:
        return None
    contact_sheet(tiles, palette, class_map.classes, path)
    return str(path)


def _tile(
    caption: str, image: str, mask: str, class_map: ClassMap, reader: Reader
) -> tuple[str, np.ndarray, np.ndarray | None]:
    """Return caption, image as loaded, and mask; None for a mask that can't be overlaid."""
    shown = Image.fromarray(reader.picture(reader.read(image)[1]))
    size = shown.size
    shown.thumbnail((SIDE, SIDE))
    with contextlib.suppress(UnreadableFile):  # also for an empty path
        header, picture = read_mask(mask)
        if picture.size == size and not mask_problems(header):
            ids = mask_ids(header, picture.resize(shown.size, Image.Resampling.NEAREST))
            found, places = np.unique(ids, return_inverse=True)
            return caption, np.asarray(shown), class_indices(found, class_map)[0][places].reshape(ids.shape)
    return f"{caption}\nno mask", np.asarray(shown), None
