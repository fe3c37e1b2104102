"""What several of pytest's worker processes need is made once, by the first of them that asks for it."""

import fcntl
import os
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], Any]) -> Any:
    """Return what ``make`` returns for an empty folder, which stays; others wait until it is there. Nobody may change it.

    Args:
        factory: pytest's fixture ``tmp_path_factory``.
        name: of the folder.
        make: gets the folder, and returns what can be pickled.
    """
    base = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:  # workers have folders of their own in the run's
        base = base.parent
    folder, made = base / name, base / f"{name}.pickle"
    with open(base / f"{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            shutil.rmtree(folder, ignore_errors=True)  # of a worker that failed
            folder.mkdir()
            made.write_bytes(pickle.dumps(make(folder)))
        return pickle.loads(made.read_bytes())
