"""Files that may run code on loading because the user says so; nothing else lets them."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from mmengine.logging import print_log

# trusted files that were warned of; None: no file is trusted
_warned: ContextVar[set[str] | None] = ContextVar("warned", default=None)


@contextmanager
def trusting(trusted: bool = True) -> Iterator[None]:
    """Within the context, unpickle in full checkpoints that hold more than plain values: code in them runs."""
    token = _warned.set(set() if trusted else None)
    try:
        yield
    finally:
        _warned.reset(token)


def may_run(path: str, what: str) -> bool:
    """Tell whether a file may run what it asks for; warn of it once."""
    warned = _warned.get()
    if warned is not None and path not in warned:
        warned.add(path)
        message = f"{path} {what}, and is trusted: it runs whatever its author wrote into it"
        print_log(message, "current", logging.WARNING)
    return warned is not None
