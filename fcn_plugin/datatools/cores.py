"""How many processes are worth starting, and work spread over them."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from typing import Any

CHUNK = 16  # tasks handed to a process at a time


def usable_cores() -> int:
    """Cores that this process may use: a scheduler or ``taskset`` may leave it fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def map_on_cores(function: Callable[[Any], Any], tasks: Sequence, jobs: int) -> Iterator[Any]:
    """``function(task)`` of every task, in order, in up to ``jobs`` processes; few tasks are done in this one."""
    jobs = min(jobs, len(tasks) // CHUNK)
    if jobs < 2:
        yield from map(function, tasks)
        return
    # Ctrl-C is for this process, which lets the others finish their files
    pool = ProcessPoolExecutor(jobs, initializer=signal.signal, initargs=(signal.SIGINT, signal.SIG_IGN))
    try:
        with interrupts_held():
            results = pool.map(function, tasks, chunksize=CHUNK)
        yield from results
    finally:
        pool.shutdown(cancel_futures=True)


@contextmanager
def interrupts_held() -> Iterator[None]:
    """Hold Ctrl-C back while processes start: one that comes in a fork is lost, or kills a process that is not ready for it.

    A handler, not a mask: the system gives the signal to any thread that does not block it, and libraries have their own.
    """
    if threading.current_thread() is not threading.main_thread():  # Python's handlers run in the main thread alone
        yield
        return
    held = []
    before = signal.signal(signal.SIGINT, lambda *_: held.append(True))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.SIG_DFL if before is None else before)
        if held:
            signal.raise_signal(signal.SIGINT)
