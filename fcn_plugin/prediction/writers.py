"""Write results in threads, with a bounded number of results in memory."""

from __future__ import annotations

import errno
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress

from ..errors import UserError
from .forms.base import Form
from .item import Item
from .prediction import Prediction

FULL = (errno.ENOSPC, errno.EROFS, errno.EDQUOT)  # no other result can be written either


class Writers:
    """Write forms in threads, one item each; video forms have their own thread, which keeps the order of frames.

    Args:
        forms: output forms to write.
        threads: number of threads.
        most: most results in memory; beyond it :meth:`put` waits for the oldest.
        resume: skip forms whose files exist.
    """

    def __init__(self, forms: Sequence[Form], threads: int, most: int, resume: bool = False) -> None:
        self.forms, self.most, self.resume = forms, most, resume
        self.written = 0
        self.failed: list[UserError] = []
        self._pool, self._in_order = ThreadPoolExecutor(threads, "write"), ThreadPoolExecutor(1, "video")
        self._waiting: deque[tuple[Item, list[Future[None]]]] = deque()

    def missing(self, name: str, is_frame: bool) -> list[Form]:
        """Return the forms to write for an item: all that accept it, or with ``resume`` those with missing files."""
        forms = [form for form in self.forms if is_frame or not form.frames_alone]
        if self.resume:
            forms = [form for form in forms if not all(file.is_file() for file in form.files(name))]
        return forms

    def put(self, item: Item, prediction: Prediction) -> None:
        """Queue an item's results for writing.

        Raises:
            UserError: an error of a form, such as output-path, for this or an earlier item; disk-write: the disk is full.
        """
        forms = self.missing(item.name, item.fps is not None)
        free = [form for form in forms if not form.frames_alone]
        jobs = [self._in_order.submit(form.write, item, prediction) for form in forms if form.frames_alone]
        if free:
            jobs.append(self._pool.submit(_write, free, item, prediction))
        self._waiting.append((item, jobs))
        while len(self._waiting) > self.most:
            self._settle()

    def finish(self, whole: bool) -> None:
        """Wait until everything is written, then close the videos; ``whole``: the last video is complete.

        Raises:
            UserError: those of :meth:`put`.
        """
        fault = None
        while self._waiting:
            try:
                self._settle()
            except UserError as error:
                fault = error
        self._pool.shutdown()
        self._in_order.shutdown()
        for form in self.forms:
            try:
                form.close(whole and fault is None)
            except UserError as error:
                fault = fault or error
        if fault:
            raise fault

    def abandon(self) -> None:
        """Finish pending writes after an error, and ignore further errors."""
        with suppress(UserError, OSError):
            self.finish(whole=False)

    def _settle(self) -> None:
        item, jobs = self._waiting.popleft()
        for job in jobs:
            try:
                job.result()
            except OSError as error:
                if error.errno in FULL:
                    place = error.filename or item.name
                    message = f"can't write {place} ({error.strerror}): free disk space, then continue with --resume"
                    raise UserError("disk-write", message) from error
                message = f"can't write the results of {item.source} ({error})"
                self.failed.append(UserError("image-unreadable", message))
                return
        self.written += 1


def _write(forms: Sequence[Form], item: Item, prediction: Prediction) -> None:
    for form in forms:
        form.write(item, prediction)
