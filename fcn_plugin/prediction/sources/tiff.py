"""Read TIFF files: a single image, several pages, a georeferenced map, or an image that exceeds memory."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from typing import Any

from ...data.bands.readers import BandsReader, Reader
from ...data.images import page_count, read_pages
from ..item import Item
from .entry import Entry, Wanted
from .image import read_item
from .inputs import Input
from .large import Raster, is_large, open_raster


def entries(source: Input, wanted: Wanted, reader: Reader) -> Iterator[Entry]:
    """Yield the image, or the pages as ``NAME/000000``; an image too large for a decoder as :class:`.large.Raster`.

    Raises:
        UserError: image-unreadable, image-depth, requirements.
    """
    name, path = source.name, source.address
    bands = isinstance(reader, BandsReader)
    pages = 0 if is_large(path, bands) else 1 if bands else page_count(path)
    if not pages:
        if wanted(name, False):
            yield Entry(name, path, lambda: Raster(name, path))
        return
    if pages == 1:
        if wanted(name, False):
            yield Entry(name, path, lambda: _read(name, path, reader))
        return
    names = [f"{name}/{page:06d}" for page in range(pages)]
    needed = [wanted(page, False) for page in names]
    for number, image in enumerate(read_pages(path) if any(needed) else ()):
        if needed[number]:
            yield Entry(names[number], path, partial(Item, names[number], image, path, number), pages)


def _read(name: str, path: str, reader: Reader) -> Item:
    return replace(read_item(name, path, reader), georeference=georeference(path))


def georeference(path: str) -> dict[str, Any] | None:
    """Read ``crs`` and ``transform`` of a GeoTIFF; None without them or without rasterio, which forms that use them need."""
    if find_spec("rasterio") is None or not os.path.isfile(path):
        return None
    with open_raster(path) as raster:
        placed = raster.crs is not None or not raster.transform.is_identity
        return dict(crs=raster.crs, transform=raster.transform) if placed else None
