"""Image files."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from ...data.bands.readers import ImageReader, Reader
from ...data.problems import refuse
from ..item import Item
from .entry import Entry, Wanted
from .inputs import Input


def entries(source: Input, wanted: Wanted, reader: Reader) -> Iterator[Entry]:
    """Yield a file's image."""
    if wanted(source.name, False):
        yield Entry(source.name, source.address, partial(read_item, source.name, source.address, reader))


def read_item(name: str, path: str, reader: Reader, source: str | None = None) -> Item:
    """Read an image as training does; UserError: image-unreadable, image-depth, requirements."""
    header, image = reader.read(path)
    refuse(reader.problems(header))
    return Item(name, reader.picture(image) if isinstance(reader, ImageReader) else image, source or path)
