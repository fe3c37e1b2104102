"""An item that is about to be read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..item import Item

Wanted = Callable[
    [str, bool], bool
]  # name of an item, whether it is a frame of a video: False where its results are there


@dataclass(frozen=True)
class Entry:
    """An item that is about to be read.

    Attributes:
        name: of its results.
        source: file, link or camera.
        read: to call once, in any thread; raises a UserError.
        of: items of its source; 0 if that is not known.
    """

    name: str
    source: str
    read: Callable[[], Item]
    of: int = 1


@dataclass(frozen=True)
class Broken:
    """An input that can't be read, or ended early; ``error`` is a UserError."""

    error: Exception
