"""One run in a work dir at a time."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from mmengine.dist import is_main_process

from ..errors import UserError
from .logging import print_main

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

LOCK = "run.lock"
_held: set[Path] = set()  # by this process, which the system gives the same lock twice


@contextmanager
def work_dir_lock(work_dir: str) -> Iterator[None]:
    """Hold the lock of an existing folder on the main process.

    A record lock of the system: it ends with the process that holds it, however that ends, and the processes of data loaders do
    not inherit it. So a file that nobody holds is what a killed run left, and is taken over. The file names its owner.

    Raises:
        UserError: work-dir-locked.
    """
    path = (Path(work_dir) / LOCK).resolve()
    if fcntl is None or not is_main_process() or path in _held:
        yield
        return
    with _acquired(path):  # closing the file ends the lock
        _held.add(path)
        try:
            yield
        finally:
            _held.discard(path)
            path.unlink(missing_ok=True)


def _acquired(path: Path) -> TextIO:
    """The open file, which holds the lock and names this process."""
    while True:
        file = open(path, "a+")  # noqa: SIM115 (it stays open as long as the lock is held)
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError) as error:
            with file:
                owner = _owner(file)
            message = f"{path.parent} is in use by {owner}: wait for it, stop it, or give another --work-dir"
            raise UserError("work-dir-locked", message) from error
        except OSError as error:
            print_main(f"{path.parent} can't be locked ({error}): make sure that no second run writes there")
            return file
        if path.exists() and os.path.samestat(os.stat(path), os.fstat(file.fileno())):
            break
        file.close()  # its holder removed it between our opening and locking it
    if os.fstat(file.fileno()).st_size:
        print_main(f"{path}: stale lock of {_owner(file)}; taking over")
    file.truncate(0)
    file.write(json.dumps(dict(pid=os.getpid(), host=socket.gethostname(), since=time.strftime("%Y-%m-%d %H:%M:%S"))))
    file.flush()
    return file


def _owner(file: TextIO) -> str:
    file.seek(0)
    try:
        owner = json.loads(file.read())
        return f"process {owner['pid']} on host {owner['host']}, since {owner['since']}"
    except (ValueError, KeyError, TypeError):  # it has not written yet
        return "another run"
