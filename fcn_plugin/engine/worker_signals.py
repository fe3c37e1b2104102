"""Data loaders' processes outlive a signal that is meant for the run: it needs them for the step that it finishes."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable

from .signals import SIGNALS

STOPS = [number for number in SIGNALS if number != signal.SIGTERM]


class KeepWorking:
    """A ``worker_init_fn`` which leaves stop signals to the main process, then does what the loader's own does.

    Schedulers, and Ctrl-C at a terminal, signal all processes of a job at once; a loader that loses a worker ends the run with
    an error. SIGTERM of the main process itself still ends a worker: torch sends it when it closes a loader.

    Args:
        then: the loader's own function.
    """

    def __init__(self, then: Callable[[int], None] | None) -> None:
        self.then = then

    def __call__(self, worker: int) -> None:
        for number in STOPS:
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
