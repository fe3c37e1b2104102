"""Items that are about to be read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ...errors import UserError
from ..item import Item
from .large import Raster

Wanted = Callable[[str, bool], bool]  # (name, is a video frame) -> False if the item's results exist already


@dataclass(frozen=True)
class Entry:
    """An item that is about to be read.

    Attributes:
        name: name of its results.
        source: file, URL or camera.
        read: function that reads the item, to call once, in any thread; raises a UserError.
        of: number of items in its source; 0 if unknown.
    """

    name: str
    source: str
    read: Callable[[], Item | Raster]
    of: int = 1


@dataclass(frozen=True)
class Broken:
    """An input that can't be read, or ended early."""

    error: UserError
