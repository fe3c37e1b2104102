"""Write files and folders atomically, make output folders, and read small regular files."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from tempfile import TemporaryDirectory

from .errors import UserError

LONGEST = 255  # bytes of a file name


@contextmanager
def atomic_write(path: Path, durable: bool = False, ending: str = ".part") -> Iterator[Path]:
    """Yield a temporary path in the same folder and rename it to ``path`` at the end; after an error the old file stays.

    Symbolic links at either path are replaced; their targets are not touched.

    Args:
        durable: flush the file and its folder to disk, so that a power cut leaves either the old file or the new one.
        ending: suffix of the temporary path, for encoders that choose the format by suffix.
    """
    part = path.with_name(f".{path.name}{ending}")
    if len(os.fsencode(part.name)) > LONGEST:
        digest = blake2b(os.fsencode(path.name), digest_size=8).hexdigest()
        part = path.with_name(f".{path.name[:50]}-{digest}{ending}")
    if os.path.lexists(part):
        part.unlink()
    try:
        part.touch(exist_ok=False)  # fails if somebody put a link there meanwhile
        yield part
        if durable:
            _flush(part)
        os.replace(part, path)
        if durable:
            _flush(path.parent)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def durable_write(path: Path) -> Iterator[Path]:
    """Write a file that a run needs to resume: ``atomic_write(path, durable=True)``; UserError: ``disk-write``."""
    try:
        with atomic_write(path, durable=True) as part:
            yield part
    except OSError as error:
        message = (
            f"can't write {path}: {error.strerror or error}. Free disk space, then use --resume: no checkpoint is lost"
        )
        raise UserError("disk-write", message) from error


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Yield an empty folder beside ``path`` and rename it to ``path`` at the end; after an error the old folder stays."""
    with TemporaryDirectory(prefix=f".{path.name}.part-", dir=path.parent) as temporary:
        new = Path(temporary, "new")  # a subfolder, as the temporary folder itself is private to this user
        new.mkdir()
        yield new
        if path.exists():
            path.rename(Path(temporary, "old"))
        new.rename(path)


def make_dir(path: str, option: str) -> None:
    """Make a results folder before the work starts; UserError: ``output-path``, which names the ``option`` to change."""
    try:
        Path(path).mkdir(parents=True, exist_ok=True)
        reason = "" if os.access(path, os.W_OK) else "no permission"
    except OSError as error:
        reason = error.strerror or str(error)
    if reason:
        raise UserError("output-path", f"can't write to folder {path} ({reason}): choose another with {option}")


def make_inside(root: Path, folder: Path) -> None:
    """Make the user's folder ``root`` and its subfolder ``folder``; UserError: ``output-path`` for a link below ``root``."""
    root.mkdir(parents=True, exist_ok=True)
    place = root
    for part in folder.relative_to(root).parts:
        place = place / part
        if place.is_symlink():
            raise UserError("output-path", f"{place} is a link, and results would go to its target: remove the link")
        place.mkdir(exist_ok=True)


def read_plain(path: Path, most: int = 2**26) -> bytes:
    """Read a regular file of at most ``most`` bytes; OSError for a larger file, a folder, or a pipe, which could block."""
    with open(os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)), "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "not a plain file", str(path))
        if status.st_size > most:
            raise OSError(errno.EFBIG, f"larger than {most} bytes", str(path))
        return file.read(status.st_size)


def refuse_links(folder: Path) -> None:
    """Refuse a folder that is or contains a link, since mmengine would write to its target; UserError: ``output-path``."""
    if link := next((path for path in (folder, *folder.rglob("*")) if path.is_symlink()), None):
        raise UserError("output-path", f"{link} is a link, and the run would write to its target: remove the link")


def _flush(path: Path) -> None:
    """Flush a file's content, or a folder's entries, to disk."""
    try:
        file = os.open(path, os.O_RDWR if path.is_file() else os.O_RDONLY)
        try:
            os.fsync(file)
        finally:
            os.close(file)
    except OSError:
        if not path.is_dir():  # some file systems can't flush folders
            raise
