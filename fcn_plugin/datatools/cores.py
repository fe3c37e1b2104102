"""Distribute work over the usable cores."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeVar

from tqdm import tqdm

from ..errors import UserError, first_lines

T = TypeVar("T")

CHUNK = 16  # tasks sent to a process at once


def usable_cores() -> int:
    """Count the cores that this process may use, which a scheduler or ``taskset`` may limit."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def processes(jobs: int | None) -> int:
    """Return the number of processes; None: all usable cores."""
    return usable_cores() if jobs is None else jobs


def on_all_cores(
    function: Callable[..., T], tasks: Sequence[tuple[Any, ...]], what: str, jobs: int | None = None
) -> list[T]:
    """Compute ``function(*task)`` for every task, in order, in ``jobs`` processes; a fault does not stop the other tasks.

    Raises:
        UserError: the errors of the tasks, with the first ten messages; ``dataset-files`` if their codes differ;
            ``process-lost``: a process was killed, for instance as memory ran out.
    """
    attempts, results = map_on_cores(partial(_attempt, function), tasks, processes(jobs)), []
    try:
        for result in tqdm(attempts, total=len(tasks), unit="file", desc=what):
            results.append(result)
    except BrokenProcessPool as error:
        near = f"{what}: a process was killed at {tasks[len(results)][0]} or soon after"
        raise UserError("process-lost", f"{near}: free memory and run again") from error
    faults = [result for result in results if isinstance(result, UserError)]
    if faults:
        code = "dataset-files" if len({fault.code for fault in faults}) > 1 else faults[0].code
        lines = first_lines([fault.message for fault in faults], 10)
        raise UserError(code, f"{len(faults)} of {len(tasks)} files are faulty:", lines)
    return results


def _attempt(function: Callable[..., T], task: tuple[Any, ...]) -> Any:
    try:
        return function(*task)
    except UserError as error:
        return error


def map_on_cores(function: Callable[[Any], Any], tasks: Sequence[Any], jobs: int) -> Iterator[Any]:
    """Yield ``function(task)`` for every task, in order, from up to ``jobs`` processes; few tasks run in this one."""
    jobs = min(jobs, len(tasks) // CHUNK)
    if jobs < 2:
        yield from map(function, tasks)
        return
    # only this process handles Ctrl-C and lets the others finish their files
    pool = ProcessPoolExecutor(jobs, initializer=signal.signal, initargs=(signal.SIGINT, signal.SIG_IGN))
    try:
        with interrupts_held():
            results = pool.map(function, tasks, chunksize=CHUNK)
        yield from results
    finally:
        pool.shutdown(cancel_futures=True)


@contextmanager
def interrupts_held() -> Iterator[None]:
    """Delay Ctrl-C while processes start, since during a fork it could be lost or kill an unprepared process.

    This uses a handler, not a mask, since the system delivers the signal to any thread that does not block it.
    """
    if threading.current_thread() is not threading.main_thread():  # Python's handlers run only in the main thread
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
