"""Image files."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from ...data.headers import image_problems
from ...data.images import read_image
from ...data.problems import refuse
from ..item import Item
from .entry import Entry, Wanted
from .inputs import Input


def entries(source: Input, wanted: Wanted) -> Iterator[Entry]:
    """Yield the one image of a file."""
    if wanted(source.name, False):
        yield Entry(source.name, source.address, partial(read_item, source.name, source.address))


def read_item(name: str, path: str, source: str | None = None) -> Item:
    """Read an image as training does, upright; raises a UserError: image-unreadable, image-depth."""
    header, image = read_image(path)
    refuse(image_problems(header))
    return Item(name, np.ascontiguousarray(image[..., ::-1]), source or path)
