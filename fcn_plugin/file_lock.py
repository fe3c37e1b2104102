"""Hold a file as a lock that ends with its process, even a killed one."""

from __future__ import annotations

import os
import socket
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from .errors import UserError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

_held: set[Path] = set()  # by this process, which the system gives the same lock twice


@contextmanager
def file_lock(path: Path, busy: Callable[[str], UserError]) -> Iterator[None]:
    """Lock the file ``path`` in an existing folder for the ``with`` block; no effect inside a block that holds it already.

    It is a record lock of the system, which child processes do not inherit. A file that nobody holds was left by a killed
    process and is taken over. The file names its owner and is removed at the end.

    Args:
        path: the file. A link or pipe at its place is removed: what it leads to is neither locked nor written.
        busy: makes the error for a file that another process holds, from a description of that process.
    """
    path = path.parent.resolve() / path.name
    if fcntl is None or path in _held:
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
    """The open file, which holds the lock and names this process."""
    while True:
        with suppress(FileNotFoundError):
            found = os.lstat(path)
            if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1:
                path.unlink()
        file = open(os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o666), "r+")  # noqa: SIM115 (open while it is held)
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError) as error:
            with file:
                raise busy(_owner(file)) from error
        except OSError as error:
            print(f"{path} can't be locked ({error}): make sure that nothing else writes there", flush=True)
            return file
        if path.exists() and os.path.samestat(os.lstat(path), os.fstat(file.fileno())):
            break
        file.close()  # its holder removed it between our opening and locking it
    if os.fstat(file.fileno()).st_size:
        print(f"{path}: stale lock of {_owner(file)}; taking over", flush=True)
    file.seek(0)
    file.truncate()
    file.write(f"process {os.getpid()} on host {socket.gethostname()}, since {time.strftime('%Y-%m-%d %H:%M:%S')}")
    file.flush()
    return file


def _owner(file: TextIO) -> str:
    return os.pread(file.fileno(), 200, 0).decode(errors="replace") or "another run"  # which has not written yet
