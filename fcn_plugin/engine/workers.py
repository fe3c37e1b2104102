"""Data loaders whose workers ignore stop signals; the main process checks between steps that no worker was killed."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from multiprocessing import parent_process
from typing import Any

from torch.utils.data import DataLoader
from torch.utils.data.dataloader import _BaseDataLoaderIter

from ..signals import SIGNALS

CAN_WAIT = hasattr(signal, "sigtimedwait")  # Linux


Loader = DataLoader[Any]


class CalmLoader(Loader):
    """A DataLoader whose workers start with stop signals blocked; set it with ``loader.__class__ = CalmLoader``.

    Schedulers and Ctrl-C signal all processes of a job at once, and a loader that loses a worker ends the run with an error. A
    signal mask is effective from a worker's first instruction, a handler only from its ``worker_init_fn``.
    """

    def __iter__(self) -> _BaseDataLoaderIter:
        if not CAN_WAIT:
            return super().__iter__()
        before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        try:
            return super().__iter__()
        finally:
            # torch's handler raises an error anywhere in the code; the Runner checks workers between steps instead
            on_child = getattr(signal.getsignal(signal.SIGCHLD), "__module__", "")
            if on_child.startswith("torch.") and threading.current_thread() is threading.main_thread():
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


def start_worker(then: Callable[[int], None] | None, worker: int) -> None:
    """Make a worker exit with its parent, or at its parent's SIGTERM (a closed loader); then call the init function."""
    if CAN_WAIT:
        threading.Thread(target=_end_with_parent, daemon=True).start()
    if then is not None:
        then(worker)


def _end_with_parent() -> None:
    parent = parent_process()
    # torch checks too, but mistakes process 1 for a parent that ended before its first check
    while parent and parent.is_alive():
        received = signal.sigtimedwait({signal.SIGTERM}, 5)
        if received and received.si_pid == parent.pid:
            break
    os._exit(0)
