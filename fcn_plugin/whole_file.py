"""Files that appear only when they are whole."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole(path: Path, durable: bool = False) -> Iterator[Path]:
    """A name in the same folder to write to; takes the place of ``path`` at the end, and goes after an error.

    Args:
        path: the file.
        durable: wait for the disk before and after the renaming, so that a power cut leaves the old file or the new one.
    """
    part = part_of(path)
    try:
        yield part
        if durable:
            _flush(part)
        os.replace(part, path)
        if durable:
            _flush(path.parent)
    finally:
        part.unlink(missing_ok=True)


def part_of(path: Path) -> Path:
    """The name of a file that is being written."""
    return path.with_name(f".{path.name}.part")


def _flush(path: Path) -> None:
    try:
        file = os.open(path, os.O_RDONLY)
    except PermissionError:  # a folder can't be opened on Windows, which writes names at once
        return
    try:
        os.fsync(file)
    finally:
        os.close(file)
