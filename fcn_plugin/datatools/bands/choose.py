"""Find out how the images of a folder are to be read."""

from __future__ import annotations

from collections.abc import Sequence

from ...data.bands.read import ARRAYS, read_bands_header
from ...data.bands.readers import PLAIN, BandsReader, Reader
from ...data.images import UnreadableFile, read_header

ALONE = (".tif", ".tiff", *ARRAYS)  # files that only rasterio or NumPy may read end so


def choose_reader(paths: Sequence[str], bands: bool = False, rgb: Sequence[int] | None = None) -> Reader:
    """Return the reader for all bands where that is asked for, where one image needs it, or where all have more than 8 bits.

    Some images of 8 bits among deeper ones stay a fault of the deeper ones.

    Args:
        paths: of the images.
        bands: asked for.
        rgb: bands that pictures show, from 1 on.

    Raises:
        UserError: ``requirements``: images that only rasterio reads.
    """
    alone = any(_needs_bands(path) for path in paths if path.lower().endswith(ALONE))
    return BandsReader(rgb) if bands or rgb or alone or (paths and all(map(_is_deep, paths))) else PLAIN


def _needs_bands(path: str) -> bool:
    if path.lower().endswith(ARRAYS):
        return True
    try:
        read_header(path)
    except UnreadableFile:  # Pillow knows few TIFFs of other bands
        try:
            read_bands_header(path)
        except UnreadableFile:
            return False
        return True
    return False


def _is_deep(path: str) -> bool:
    try:
        return read_header(path).bits > 8
    except UnreadableFile:
        return False
