"""TIFF files with more pixels than an image decoder takes, read window by window with rasterio."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from PIL import Image

from ...errors import UserError
from ...requirements import import_extra

WANTED = "'fcn-plugin[forms]'"


@dataclass(frozen=True)
class Raster:
    """An image that is read in windows; attributes as of :class:`.item.Item`."""

    name: str
    source: str


@contextmanager
def open_raster(path: str) -> Iterator[Any]:
    """Yield a file opened by rasterio; UserError: image-unreadable, requirements."""
    rasterio = import_extra("rasterio", WANTED)
    with warnings.catch_warnings():  # of an image without a place on the ground
        warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
        try:
            raster = rasterio.open(path)
        except rasterio.errors.RasterioError as error:
            raise UserError("image-unreadable", f"{path} can't be read ({error})") from error
        with raster:
            yield raster


def is_large(path: str) -> bool:
    """Tell whether a TIFF has more pixels than :mod:`.data.images` takes; False without rasterio, which could read it."""
    if find_spec("rasterio") is None:
        return False
    try:
        with open_raster(path) as raster:
            return raster.width * raster.height > 2 * Image.MAX_IMAGE_PIXELS
    except UserError:
        return False
