"""Processes of one run, forked from the test: all imports are there, so four of them take a second or two.

Tests run on one thread (``session.py``), which makes forking safe where there is no GPU; what a process does to torch or the
engine ends with it.
"""

import multiprocessing
import os
import pickle
import socket
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

import torch
from support.processes import TOOLS, Outcome, run_process
from torch import distributed

import fcn_cli


@dataclass
class Ended:
    """How a process ended: with an exit code, by a signal (-9), or not in time (None); after how many seconds."""

    value: Any
    code: int | None
    out: str
    err: str
    seconds: float


def run_forked(count: int, function: Callable, *args, timeout: float = 60) -> list[Ended]:
    """``function(rank, *args)`` in each of ``count`` processes, with a launcher's variables around it; all have ended on return.

    An exception is on its process's stderr, with exit code 1.
    """
    fork = multiprocessing.get_context("fork")
    common = dict(WORLD_SIZE=str(count), MASTER_ADDR="127.0.0.1", MASTER_PORT=str(free_port()))
    with tempfile.TemporaryDirectory() as name:
        folder, start = Path(name), time.monotonic()
        ranks = [fork.Process(target=_rank, args=(folder, rank, common, function, args)) for rank in range(count)]
        try:
            for process in ranks:
                process.start()
            running, seconds = {process.sentinel: rank for rank, process in enumerate(ranks)}, [timeout] * count
            while running and (left := start + timeout - time.monotonic()) > 0:
                for sentinel in wait(list(running), left):
                    rank = running.pop(sentinel)
                    ranks[rank].join()
                    seconds[rank] = time.monotonic() - start
            codes = [process.exitcode for process in ranks]
        finally:
            for process in ranks:
                if process.pid:
                    process.kill()
                    process.join()
        return [Ended(*_left(folder / str(rank), code), seconds[rank]) for rank, code in enumerate(codes)]


def values(count: int, function: Callable, *args, timeout: float = 60) -> list:
    """What the processes return, by rank; each has to end well."""
    ended = run_forked(count, function, *args, timeout=timeout)
    assert [process.code for process in ended] == [0] * count, "\n".join(process.err for process in ended)
    return [process.value for process in ended]


def tool(rank: int, name: str, *words) -> None:
    """``tools/NAME.py WORDS --launcher pytorch``, for :func:`run_forked`."""
    sys.argv = [f"{name}.py", *map(str, words), "--launcher", "pytorch"]
    fcn_cli.main(name)


def run_tool(name: str, *words) -> Outcome:
    """``tools/NAME.py WORDS`` in a process of its own: forked, or a new one where there is a GPU."""
    if torch.cuda.is_available():
        return run_process(sys.executable, TOOLS / f"{name}.py", *words)
    (ended,) = run_forked(1, _alone, name, *words, timeout=300)
    return Outcome(ended.code, ended.out, ended.err)


def _alone(rank: int, name: str, *words) -> None:
    for variable in ("RANK", "LOCAL_RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"):
        del os.environ[variable]
    sys.argv = [f"{name}.py", *map(str, words)]
    fcn_cli.main(name)


def free_port() -> int:
    """A port that nobody listens to."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def _rank(folder: Path, rank: int, common: dict, function: Callable, args: tuple) -> None:
    os.environ.update(common, RANK=str(rank), LOCAL_RANK=str(rank), LOCAL_WORLD_SIZE=common["WORLD_SIZE"])
    for number, name in ((1, "out"), (2, "err")):
        with open(folder / f"{rank}.{name}", "wb", buffering=0) as file:
            os.dup2(file.fileno(), number)
    # pytest's own are closed to a process that may end without flushing them
    sys.stdout, sys.stderr = (open(number, "w", buffering=1, closefd=False) for number in (1, 2))  # noqa: SIM115
    try:
        value = function(rank, *args)
        (folder / f"{rank}.value").write_bytes(pickle.dumps(value))
    finally:
        if distributed.is_initialized():
            distributed.destroy_process_group()


def _left(path: Path, code: int | None) -> tuple:
    value = path.with_suffix(".value")
    texts = [file.read_text() if file.exists() else "" for file in map(path.with_suffix, (".out", ".err"))]
    return pickle.loads(value.read_bytes()) if value.exists() else None, code, *texts
