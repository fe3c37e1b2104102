"""Choose the reader for the images of a folder."""

from __future__ import annotations

from collections.abc import Sequence

from ...data.bands.read import ARRAYS, read_bands_header
from ...data.bands.readers import PLAIN, BandsReader, Reader
from ...data.images import UnreadableFile, read_header

ALONE = (".tif", ".tiff", *ARRAYS)  # suffixes of files that possibly only rasterio or NumPy can read


def choose_reader(paths: Sequence[str], bands: bool = False, rgb: Sequence[int] | None = None) -> Reader:
    """Return the reader for all bands if requested, if an image needs it, or if all images have more than 8 bits.

    A mix of 8-bit and deeper images is not converted; the check reports the deeper ones.

    Args:
        paths: paths of the images.
        bands: request all bands.
        rgb: bands to show as red, green and blue, from 1.

    Raises:
        UserError: ``requirements``: an image needs rasterio.
    """
    alone = any(_needs_bands(path) for path in paths if path.lower().endswith(ALONE))
    return BandsReader(rgb) if bands or rgb or alone or (paths and all(map(_is_deep, paths))) else PLAIN


def _needs_bands(path: str) -> bool:
    if path.lower().endswith(ARRAYS):
        return True
    try:
        read_header(path)
    except UnreadableFile:  # Pillow reads few TIFFs with other bands
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
