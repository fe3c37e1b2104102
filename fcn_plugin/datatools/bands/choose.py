"""Find out how the images of a folder are to be read."""

from __future__ import annotations

from collections.abc import Sequence

from ...data.bands.read import ARRAYS, read_bands_header
from ...data.bands.readers import BandsReader, ImageReader, Reader
from ...data.images import UnreadableFile, read_header


def choose_reader(paths: Sequence[str], bands: bool = False, rgb: Sequence[int] | None = None) -> Reader:
    """Return the reader for all bands where that is asked for, or where no image is one of 8 bits and up to four channels.

    Args:
        paths: of the images.
        bands: asked for.
        rgb: bands that pictures show, from 1 on.

    Raises:
        UserError: ``requirements``: images that only rasterio reads.
    """
    return BandsReader(rgb) if bands or rgb or (paths and all(map(_needs_bands, paths))) else ImageReader()


def _needs_bands(path: str) -> bool:
    if path.lower().endswith(ARRAYS):
        return True
    try:
        return read_header(path).bits > 8
    except UnreadableFile:  # Pillow knows few TIFFs of other bands
        try:
            read_bands_header(path)
        except UnreadableFile:
            return False
        return True
