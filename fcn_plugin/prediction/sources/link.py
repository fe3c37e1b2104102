"""Download images from https URLs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from ...data.bands.readers import Reader
from ...download import download
from ...errors import UserError
from ..item import Item
from .entry import Entry, Wanted
from .image import read_item
from .inputs import Input, without_password


def entries(source: Input, wanted: Wanted, reader: Reader) -> Iterator[Entry]:
    """Yield the image at a URL; it is downloaded on reading and not kept."""
    if wanted(source.name, False):
        yield Entry(source.name, source.address, partial(_fetch, source, reader))


def _fetch(source: Input, reader: Reader) -> Item:
    shown = without_password(source.address)
    with TemporaryDirectory() as folder:
        path = Path(folder, "image" + os.path.splitext(source.address.partition("?")[0])[1].lower())
        try:
            download(source.address, path, bar=False)
        except Exception as error:  # many classes
            raise UserError("download", f"can't download {shown} ({error})") from error
        try:
            return read_item(source.name, str(path), reader, shown)
        except UserError as error:
            raise UserError(error.code, error.message.replace(str(path), shown)) from error
