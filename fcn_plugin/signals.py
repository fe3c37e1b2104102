"""Signals that ask a run to stop: from a scheduler that wants the machine back, Ctrl-C, a terminal that closes."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

# what Grid Engine reads as "queue it again", and LSF's and Slurm's settings are commonly made to (REQUEUE_EXIT_VALUES, RequeueExit)
REQUEUE = 99
SIGNALS = [getattr(signal, name) for name in ("SIGTERM", "SIGINT", "SIGUSR1", "SIGHUP") if hasattr(signal, name)]
KEPT_IGNORED = ("SIGINT", "SIGHUP")  # where they are: in the background of a script, and under nohup
SAME = 1.0  # seconds in which a second Ctrl-C is the first one, forwarded by a launcher


class StopRequest:
    """Whether a signal has come; ``name`` is its name or None. Before the first step the program ends at once."""

    name: str | None = None
    when = 0.0
    has_steps = False  # which the run saves before it ends
    stopping = "stopping as soon as a checkpoint can be written (Ctrl-C again: at once, without)"

    def __init__(self) -> None:
        self._before: dict[signal.Signals, object] = {}

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Handle a signal. A second Ctrl-C stops at once, without a checkpoint; every file stays whole."""
        now = time.monotonic()
        if self.name is not None:
            if number == signal.SIGINT and now - self.when > SAME:
                raise KeyboardInterrupt
            return
        self.name, self.when = signal.Signals(number).name, now
        text = self.stopping if self.has_steps else "stopped before the first step; start again with --resume"
        with suppress(OSError):  # the terminal may be gone
            os.write(1, f"{self.name}: {text}\n".encode())  # no print: the signal may have come in the middle of one
        if not self.has_steps:
            ignore_signals()
            raise SystemExit(REQUEUE)

    def catch(self) -> None:
        """Catch the signals; no effect when called again, or outside the main thread, where Python can't."""
        for number in SIGNALS if threading.current_thread() is threading.main_thread() else ():
            before = signal.getsignal(number)
            if before is not self and (before != signal.SIG_IGN or number.name not in KEPT_IGNORED):
                self._before[number] = signal.signal(number, self) or signal.SIG_DFL

    def release(self) -> None:
        """Put handlers back, unless the program is about to end."""
        for number, before in self._before.items():
            if signal.getsignal(number) is self:
                signal.signal(number, before)


def caught() -> StopRequest | None:
    """Return the request that catches the program's signals; None without one."""
    handler = signal.getsignal(signal.SIGTERM)
    return handler if isinstance(handler, StopRequest) else None


def ignore_signals() -> None:
    """Ignore caught signals from here on: the program ends, and Python resets its handlers before it does."""
    for number in SIGNALS:
        if isinstance(signal.getsignal(number), StopRequest):
            signal.signal(number, signal.SIG_IGN)


@contextmanager
def stop_request(wanted: bool = True) -> Iterator[StopRequest]:
    """Catch signals in the ``with`` block, with the program's request if it has one; if not wanted, they end it as usual."""
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
