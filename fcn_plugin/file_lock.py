"""Use a file as a lock that the system releases when its process ends, even if it is killed."""

from __future__ import annotations

import os
import socket
import stat
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from .errors import UserError

if sys.platform != "win32":
    import fcntl

_held: set[Path] = set()  # by this process, since the system lets a process take its own lock again


@contextmanager
def file_lock(path: Path, busy: Callable[[str], UserError]) -> Iterator[None]:
    """Lock the file ``path`` in an existing folder for the ``with`` block; no effect inside a block that already holds it.

    It is a POSIX record lock, which child processes do not inherit. An unlocked file was left by a killed process and is taken
    over. The file names its owner and is removed at the end.

    Args:
        path: the lock file. A link or pipe at this path is removed, and its target neither locked nor written.
        busy: returns the error to raise if another process holds the lock, from a description of that process.
    """
    path = path.parent.resolve() / path.name
    if sys.platform == "win32" or path in _held:
        yield
        return
    with _acquired(path, busy):  # closing the file ends the lock
        _held.add(path)
        try:
            yield
        finally:
            _held.discard(path)
            path.unlink(missing_ok=True)


def _acquired(path: Path, busy: Callable[[str], UserError]) -> TextIO:
    """Lock the file, write this process into it and return it, open."""
    while True:
        with suppress(FileNotFoundError):
            found = os.lstat(path)
            if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1:
                path.unlink()
        file = open(os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o666), "r+")  # noqa: SIM115 (held open)
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError) as error:
            with file:
                raise busy(_owner(file)) from error
        except OSError as error:
            print(f"can't lock {path}: {error}. Make sure that no other run writes to this folder", flush=True)
            return file
        if path.exists() and os.path.samestat(os.lstat(path), os.fstat(file.fileno())):
            break
        file.close()  # its owner removed it before we locked it
    if os.fstat(file.fileno()).st_size:
        print(f"{path}: stale lock of {_owner(file)}; taking over", flush=True)
    file.seek(0)
    file.truncate()
    file.write(f"process {os.getpid()} on host {socket.gethostname()}, since {time.strftime('%Y-%m-%d %H:%M:%S')}")
    file.flush()
    return file


def _owner(file: TextIO) -> str:
    return os.pread(file.fileno(), 200, 0).decode(errors="replace") or "another run"  # empty until its owner writes
