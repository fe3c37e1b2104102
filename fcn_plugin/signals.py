"""Handle signals that ask a run to stop: from a scheduler, Ctrl-C, or a terminal that closes."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

# exit code for "requeue": the default of Grid Engine, common in LSF (REQUEUE_EXIT_VALUES) and Slurm (RequeueExit)
REQUEUE = 99
SIGNALS = [getattr(signal, name) for name in ("SIGTERM", "SIGINT", "SIGUSR1", "SIGHUP") if hasattr(signal, name)]
KEPT_IGNORED = ("SIGINT", "SIGHUP")  # if ignored at the start: in a script's background, and under nohup
SAME = 1.0  # seconds; a second Ctrl-C within them is the first one, forwarded by a launcher


class StopRequest:
    """A signal handler that records the first signal in ``name``. Before the first step the program exits at once."""

    name: str | None = None
    when = 0.0
    has_steps = False  # there are steps to save before exit
    stopping = "stopping after the next checkpoint (Ctrl-C again: at once, without saving)"

    def __init__(self) -> None:
        self._before: dict[signal.Signals, Callable[[int, FrameType | None], Any] | int | None] = {}

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Handle a signal. A second Ctrl-C stops at once, without a checkpoint; no file is damaged."""
        now = time.monotonic()
        if self.name is not None:
            if number == signal.SIGINT and now - self.when > SAME:
                raise KeyboardInterrupt
            return
        self.name, self.when = signal.Signals(number).name, now
        text = self.stopping if self.has_steps else "stopped before the first step; start again with --resume"
        with suppress(OSError):  # the terminal may be gone
            os.write(1, f"{self.name}: {text}\n".encode())  # not print(), which the signal may have interrupted
        if not self.has_steps:
            ignore_signals()
            raise SystemExit(REQUEUE)

    def catch(self) -> None:
        """Install the handler; no effect when called again, or outside the main thread, where Python does not allow it."""
        for number in SIGNALS if threading.current_thread() is threading.main_thread() else ():
            before = signal.getsignal(number)
            if before is not self and (before != signal.SIG_IGN or number.name not in KEPT_IGNORED):
                self._before[number] = signal.signal(number, self) or signal.SIG_DFL

    def release(self) -> None:
        """Restore the previous handlers, unless :func:`ignore_signals` was called."""
        for number, before in self._before.items():
            if signal.getsignal(number) is self:
                signal.signal(number, before)


def caught() -> StopRequest | None:
    """Return the installed handler; None if there is none."""
    handler = signal.getsignal(signal.SIGTERM)
    return handler if isinstance(handler, StopRequest) else None


def ignore_signals() -> None:
    """Ignore the caught signals while the program exits, since Python resets its handlers before that."""
    for number in SIGNALS:
        if isinstance(signal.getsignal(number), StopRequest):
            signal.signal(number, signal.SIG_IGN)


@contextmanager
def stop_request(wanted: bool = True) -> Iterator[StopRequest]:
    """Catch signals in the ``with`` block, with the installed handler if there is one; if not ``wanted``, don't catch them."""
    given = caught()
    request = given if given and wanted else StopRequest()
    if wanted:
        request.catch()
    elif given:
        given.release()
    try:
        yield request
    finally:
        if request is not given:
            request.release()
