"""Files that may run code on loading because the user says so; nothing else lets them."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from mmengine.logging import print_log

_warned: ContextVar[set[str] | None] = ContextVar(
    "trusted files that were warned of; None: no file is trusted", default=None
)


@contextmanager
def trusting(trusted: bool = True) -> Iterator[None]:
    """Unpickle in full, within the context, checkpoints that hold more than plain values: code in them runs.

    Args:
        trusted: False refuses them, as outside the context.
    """
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
        print_log(
            f"{path} {what}, and is trusted: it runs whatever its author wrote into it", "current", logging.WARNING
        )
    return warned is not None
