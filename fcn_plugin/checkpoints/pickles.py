"""Load what ``torch.save`` wrote: plain values, and no code."""

from __future__ import annotations

import re
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from ..errors import UserError
from .checksum import BROKEN
from .engine_objects import ALLOWED, RefusedError, settle
from .pickle_scan import refusal
from .trust import may_run

_alone = threading.Lock()  # torch's list is one for all threads


def load_pickled(path: str, map_location=None) -> Any:
    """The content of a file, loaded with ``weights_only=True``.

    Args:
        path: the file.
        map_location: as ``torch.load`` takes it; None is the CPU.

    Raises:
        UserError: it is damaged, or would run code; :func:`~.trust.trusting` lets it.
    """
    map_location = "cpu" if map_location is None else map_location
    try:
        with _only_these(), warnings.catch_warnings():
            # what torch says of other protocols and TorchScript before it refuses them; we say it ourselves
            warnings.filterwarnings("ignore", message="Detected pickle protocol|.*TorchScript archive")
            return settle(torch.load(path, map_location, weights_only=True))
    except (torch.OutOfMemoryError, MemoryError):
        raise
    except Exception as error:
        why = _why(path, error)
        if why is None:
            raise UserError("checkpoint-damaged", f"{path} {BROKEN}") from error
        if not may_run(path, why):
            raise UserError(
                "checkpoint-code",
                f"{path} {why} and was refused: have it saved again as plain tensors or as .safetensors. If you trust whoever made "
                "it, --trust-checkpoint loads it all the same: any code in it then runs with your rights, on your files",
            ) from error
    try:
        return torch.load(path, map_location, weights_only=False)
    except (torch.OutOfMemoryError, MemoryError):
        raise
    except Exception as error:  # it ran code, so anything can come
        raise UserError("checkpoint-damaged", f"{path} {BROKEN}") from error


def _why(path: str, error: Exception) -> str | None:
    """What the file holds besides plain values; None where it is just broken."""
    if isinstance(error, RefusedError):
        return f"would run code ({error}) on loading"
    foreign = re.search(r"GLOBAL (\S+)", str(error))
    return refusal(path) or (f"would run code ({foreign[1]}) on loading" if foreign else None)


@contextmanager
def _only_these() -> Iterator[None]:
    """Classes that may be made: torch's own and our stand-ins, whatever other modules have added to torch's list."""
    with _alone:
        others = torch.serialization.get_safe_globals()
        torch.serialization.clear_safe_globals()
        torch.serialization.add_safe_globals(ALLOWED)
        try:
            yield
        finally:
            torch.serialization.clear_safe_globals()
            torch.serialization.add_safe_globals(others)
