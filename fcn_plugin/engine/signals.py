"""Signals to stop a run: from a scheduler that wants the machine back, or from Ctrl-C."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

# what Grid Engine reads as "queue it again", and LSF's and Slurm's settings are commonly made to (REQUEUE_EXIT_VALUES, RequeueExit)
REQUEUE = 99
SIGNALS = (signal.SIGTERM, signal.SIGINT, *((signal.SIGUSR1,) if hasattr(signal, "SIGUSR1") else ()))
SAME = 1.0  # seconds in which a second Ctrl-C is the first one, forwarded by a launcher


class StopRequest:
    """Whether a signal has come; ``name`` is its name or None."""

    name: str | None = None
    when = 0.0

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Handle a signal. A second Ctrl-C stops at once, without a checkpoint; files are whole as ever."""
        now = time.monotonic()
        if self.name is not None:
            if number == signal.SIGINT and now - self.when > SAME:
                raise KeyboardInterrupt
            return
        self.name, self.when = signal.Signals(number).name, now
        text = f"{self.name}: stopping as soon as a checkpoint can be written (Ctrl-C again: at once, without)\n"
        os.write(1, text.encode())  # no print: the signal may have come in the middle of one


@contextmanager
def stop_request() -> Iterator[StopRequest]:
    """Catch the signals and put handlers back at the end; outside the main thread, where Python can't, nothing is caught."""
    request = StopRequest()
    if threading.current_thread() is not threading.main_thread():
        yield request
        return
    before = {number: signal.signal(number, request) for number in SIGNALS}
    try:
        yield request
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)


class KeepWorking:
    """A ``worker_init_fn`` which leaves stop signals to the main process, then calls ``then``, the loader's own.

    Schedulers, and Ctrl-C at a terminal, signal all processes of a job at once; a loader that loses a worker ends the run with
    an error. SIGTERM of the main process itself still ends a worker: torch sends it when it closes a loader.
    """

    def __init__(self, then: Callable[[int], None] | None) -> None:
        self.then = then

    def __call__(self, worker: int) -> None:
        for number in {*SIGNALS} - {signal.SIGTERM}:
            signal.signal(number, signal.SIG_IGN)
        if hasattr(signal, "sigwaitinfo"):
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
            threading.Thread(target=_end_with_parent, args=(os.getppid(),), daemon=True).start()
        if self.then is not None:
            self.then(worker)


def _end_with_parent(parent: int) -> None:
    while signal.sigwaitinfo({signal.SIGTERM}).si_pid != parent:
        pass
    os._exit(0)
