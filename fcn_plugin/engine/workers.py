"""Data loaders whose workers leave stop signals to the main process, which checks between steps that none was killed."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from multiprocessing import parent_process

from torch.utils.data import DataLoader

from ..signals import SIGNALS

CAN_WAIT = hasattr(signal, "sigtimedwait")  # Linux


class CalmLoader(DataLoader):
    """A DataLoader, by ``loader.__class__ = CalmLoader``, whose workers start with stop signals blocked.

    Schedulers, and Ctrl-C at a terminal, signal all processes of a job at once, and a loader that loses a worker ends the run
    with an error. A signal mask holds from a worker's first instruction; a handler would only from its ``worker_init_fn``.
    """

    def __iter__(self):
        if not CAN_WAIT:
            return super().__iter__()
        before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        try:
            return super().__iter__()
        finally:
            # torch's raises an error in the middle of whatever runs; the Runner asks for it between steps
            on_child = getattr(signal.getsignal(signal.SIGCHLD), "__module__", "")
            if on_child.startswith("torch.") and threading.current_thread() is threading.main_thread():
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


def start_worker(then: Callable[[int], None] | None, worker: int) -> None:
    """Let a worker end with its parent, and by its SIGTERM, as when torch closes a loader; then call the loader's init function."""
    if CAN_WAIT:
        threading.Thread(target=_end_with_parent, daemon=True).start()
    if then is not None:
        then(worker)


def _end_with_parent() -> None:
    parent = parent_process()
    while parent.is_alive():  # torch looks too, but takes process 1 for the parent where that ends before it looks
        heard = signal.sigtimedwait({signal.SIGTERM}, 5)
        if heard and heard.si_pid == parent.pid:
            break
    os._exit(0)
