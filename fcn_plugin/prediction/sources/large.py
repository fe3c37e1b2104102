"""Read images with too many pixels for a decoder, window by window, with rasterio."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...data.bands.read import as_kept
from ...data.headers import Header, is_too_large, large_header
from ...errors import UserError
from ...requirements import import_extra

WANTED = "'fcn-plugin[forms]'"
# Pillow's name of a format -> GDAL's; other GDAL drivers are not allowed, since some follow links
DRIVERS = {"TIFF": "GTiff", "PNG": "PNG", "JPEG": "JPEG", "MPO": "JPEG", "BMP": "BMP"}
Window = tuple[tuple[int, int], tuple[int, int]]


@dataclass(frozen=True)
class Raster:
    """An image to read in windows; for the attributes see :class:`.item.Item`."""

    name: str
    source: str


@contextmanager
def open_raster(path: str, format: str = "TIFF") -> Iterator[Any]:
    """Open a file with one of the ``DRIVERS`` of rasterio; UserError: image-unreadable, requirements."""
    rasterio = import_extra("rasterio", WANTED)
    with warnings.catch_warnings():  # about images without georeference
        warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
        try:
            raster = rasterio.open(path, driver=DRIVERS[format])
        except rasterio.errors.RasterioError as error:
            raise UserError("image-unreadable", f"can't read {path} ({error})") from error
        with raster:
            yield raster


def rgb_windows(raster: Any, header: Header) -> Callable[[Window], np.ndarray]:
    """Return a function that reads a window of an opened raster, ((top, bottom), (left, right)), as (H, W, 3) uint8 RGB.

    Gray becomes three equal channels, palette ids become colours, transparency is dropped.

    Raises:
        UserError: image-depth, image-turned.
    """
    if raster.dtypes[0] != "uint8" or (raster.count == 2 and header.mode != "LA"):
        found = f"{header.path}: {raster.count} bands of {raster.dtypes[0]}"
        raise UserError("image-depth", f"{found}: scale it to 8 bits, RGB or gray (gdal_translate -ot Byte -scale)")
    if header.orientation != 1:
        found = f"{header.path}: EXIF orientation {header.orientation}, which is not supported for such a large image"
        raise UserError("image-turned", f"{found}: save it upright, without EXIF")
    if raster.count >= 3:
        return lambda window: np.ascontiguousarray(raster.read((1, 2, 3), window=window).transpose(1, 2, 0))
    if header.mode == "P":
        table = np.array([raster.colormap(1).get(i, (0, 0, 0))[:3] for i in range(256)], np.uint8)
    else:
        bits = int(raster.tags(1, ns="IMAGE_STRUCTURE").get("NBITS", 8))
        table = np.repeat((np.arange(256) * (255 // (2**bits - 1))).clip(max=255).astype(np.uint8)[:, None], 3, axis=1)
    return lambda window: table[raster.read(1, window=window)]


def band_windows(raster: Any) -> Callable[[Window], np.ndarray]:
    """Return a function that reads all bands of a window, (H, W, N), like :mod:`.data.bands.read`."""
    return lambda window: as_kept(raster.read(window=window).transpose(1, 2, 0), raster.nodata)


def is_large(path: str, bands: bool = False) -> bool:
    """Return whether an image, or with ``bands`` a TIFF of any bands, is too large for :mod:`.data.images`."""
    if bands:
        with open_raster(path) as raster:
            width, height = raster.width, raster.height
    else:
        header = large_header(path)
        if header is None or header.format not in DRIVERS:
            return False
        width, height = header.size
    return is_too_large(width, height)
