"""Files that may run code on loading, because whoever runs the program says so; nothing else makes them."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from mmengine.logging import print_log

_warned: ContextVar[set[str] | None] = ContextVar("files that were warned of; None: no file is trusted", default=None)


@contextmanager
def trusting(trusted: bool = True) -> Iterator[None]:
    """Within it, checkpoints that hold more than plain values are unpickled in full: code in them runs.

    Args:
        trusted: False for the usual way, which refuses them.
    """
    token = _warned.set(set() if trusted else None)
    try:
        yield
    finally:
        _warned.reset(token)


def may_run(path: str, what: str) -> bool:
    """Whether a file may run what it asks for; a warning tells of it once."""
    warned = _warned.get()
    if warned is None:
        return False
    if path not in warned:
        warned.add(path)
        print_log(
            f"{path} {what}, and is trusted: it runs whatever its author wrote into it", "current", logging.WARNING
        )
    return True
