"""List files of images and masks below a folder."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

IMAGE_SUFFIXES = {".jpg", ".jpeg", ".jfif", ".png", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm", ".pgm", ".pnm"}
MASK_SUFFIXES = IMAGE_SUFFIXES | {".npy"}
JUNK = {"__MACOSX", "@eaDir", "$RECYCLE.BIN"}  # system folders that may hold pictures


def files_below(folder: str | Path, suffixes: Iterable[str], leave_out: Iterable[str | Path] = ()) -> list[str]:
    """List visible files below a folder, sorted. Links are followed; each real folder is listed once.

    Args:
        suffixes: file suffixes, in upper or lower case.
        leave_out: folders to skip, except ``folder`` itself.
    """
    endings, starts, found = tuple(map(str.lower, suffixes)), [os.fspath(folder)], list[str]()
    seen = {_identity(path) for path in leave_out if os.path.exists(path) and not os.path.samefile(folder, path)}
    for start in starts:
        for root, folders, names in os.walk(start):
            if (place := _identity(root)) in seen:
                folders.clear()
                continue
            seen.add(place)
            folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in JUNK)
            starts += filter(os.path.islink, (os.path.join(root, name) for name in folders))
            visible = (name for name in names if not name.startswith(".") and name.lower().endswith(endings))
            found += (os.path.join(root, name) for name in visible)
    return sorted(found)


def _identity(folder: str | Path) -> tuple[int, int]:
    found = os.stat(folder)
    return found.st_dev, found.st_ino
