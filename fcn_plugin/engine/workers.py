"""Data loaders whose workers leave stop signals to the main process, which checks between steps that none was killed."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable

from torch.utils.data import DataLoader

from ..signals import SIGNALS

CAN_WAIT = hasattr(signal, "sigwaitinfo")  # Linux


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
    """Let SIGTERM of the main process, as when torch closes a loader, end a worker, then call the loader's own init function."""
    if CAN_WAIT:
        threading.Thread(target=_end_with_parent, args=(os.getppid(),), daemon=True).start()
    if then is not None:
        then(worker)


def _end_with_parent(parent: int) -> None:
    while signal.sigwaitinfo({signal.SIGTERM}).si_pid != parent:
        pass
    os._exit(0)
