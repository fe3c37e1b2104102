"""Files that appear only when they are whole."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import UserError


@contextmanager
def atomic_write(path: Path, durable: bool = False) -> Iterator[Path]:
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


@contextmanager
def saved(path: Path) -> Iterator[Path]:
    """The same, on the disk before it counts: for what a run goes on from.

    Raises:
        UserError: it can't be written.
    """
    try:
        with atomic_write(path, durable=True) as part:
            yield part
    except OSError as error:
        raise UserError(
            f"{path} can't be written ({error.strerror or error}): nothing that was there is lost; make room, then go on with "
            "--resume"
        ) from error


def part_of(path: Path) -> Path:
    """The name of a file that is being written."""
    return path.with_name(f".{path.name}.part")


def _flush(path: Path) -> None:
    """Wait until a file's content, or a folder's names, are on the disk."""
    try:
        file = os.open(path, os.O_RDWR if path.is_file() else os.O_RDONLY)
        try:
            os.fsync(file)
        finally:
            os.close(file)
    except OSError:
        if not path.is_dir():  # not every file system can do it for folders
            raise
