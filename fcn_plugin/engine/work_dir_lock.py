"""Allow one run per work dir at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mmengine.dist import is_main_process

from ..errors import UserError
from ..file_lock import file_lock

LOCK = "run.lock"


@contextmanager
def work_dir_lock(work_dir: str) -> Iterator[None]:
    """Lock an existing folder for the ``with`` block, on the main process.

    Raises:
        UserError: work-dir-locked.
    """
    if not is_main_process():
        yield
        return

    def busy(owner: str) -> UserError:
        message = f"{work_dir} is in use by {owner}: wait for it, stop it, or choose another --work-dir"
        return UserError("work-dir-locked", message)

    with file_lock(Path(work_dir, LOCK), busy):
        yield
