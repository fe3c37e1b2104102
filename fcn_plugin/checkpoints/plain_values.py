"""Convert a checkpoint's other values to plain ones when writing, and check and restore them when reading.

Files written by mmengine contain histories of logged values and NumPy numbers. To unpickle them directly, a file would need
``getattr``, which reaches any function; ``numpy.ndarray``, which can interpret bytes as object addresses; and
``HistoryBuffer.__setstate__``, which sets functions chosen by the file. Here the unpickler only records arguments and state, and
:func:`restore` checks these and creates the objects.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from mmengine.config import Config, ConfigDict
from mmengine.logging import HistoryBuffer

HISTORY = "__history__"  # a history of logged values is written as {HISTORY: [values, counts, longest]}
NUMBER = re.compile(r"b1|[iu][1248]|f[248]")
MOST = 2**21  # values in a file, and opcodes of its pickles; real files have some ten thousand


def make_plain(checkpoint: dict[str, Any]) -> None:
    """Convert values in place to plain ones, so that the file loads without running code.

    Functions are removed (schedules create their own), configs become dicts, histories and NumPy numbers become tensors and
    numbers, and GPU tensors, such as mmengine's averages, are copied to the CPU.
    """
    for name, value in checkpoint.items():
        checkpoint[name] = _plain(value)


def _plain(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return value.cpu()
    if isinstance(value, HistoryBuffer):
        return {HISTORY: [*map(torch.from_numpy, value.data), value.max_length]}
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Config):
        value = value.to_dict()
    if isinstance(value, dict):
        items = {key: _plain(item) for key, item in value.items() if not callable(item)}
        if type(value) in (dict, ConfigDict):
            return items
        value.clear()  # keep an OrderedDict of weights, which has an attribute with versions
        value.update(items)
    elif type(value) in (list, tuple):
        return type(value)(_plain(item) for item in value if not callable(item))
    return value


class Budget:
    """A limit of values created from a file, since a few bytes can refer to the same values many times."""

    left = MOST

    def spend(self, size: int = 0) -> None:
        """Count a value and each KiB of it; ValueError if there are too many."""
        self.left -= 1 + size // 1024
        if self.left < 0:
            raise ValueError("too many values for one file")


class RefusedError(Exception):
    """A file needs something that plain values don't; the text names it."""


class _Record:
    """Arguments and state of an object that a pickle would create."""

    arguments: tuple[Any, ...]
    state: Any = None

    def __new__(cls, *arguments: Any) -> _Record:
        record = super().__new__(cls)
        record.arguments = arguments
        return record

    def __setstate__(self, state: Any) -> None:
        self.state = state

    def restore(self, budget: Budget) -> Any:
        """Create the object; refuse ``getattr``, which a history needs only for methods of its own class."""
        raise RefusedError(f"builtins.getattr of {self.arguments!r}")


class _Type(_Record):
    def restore(self, budget: Budget) -> np.dtype:
        code, (_, order, *others) = self.arguments[0], self.state
        if not isinstance(code, str) or not NUMBER.fullmatch(code):
            raise RefusedError(f"numpy.dtype {code!r}")
        if order not in ("<", ">", "|", "=") or any(others[:3]):  # numbers have no fields and shapes
            raise RefusedError(f"numpy.dtype with {self.state!r}")
        return np.dtype(code).newbyteorder(order)


class _Scalar(_Record):
    def restore(self, budget: Budget) -> np.generic:
        number, content = self.arguments
        return _numbers(number, content, budget)[0]


class _Array(_Record):
    def restore(self, budget: Budget) -> np.ndarray:
        if self.state is None:
            raise RefusedError(f"numpy.ndarray of {self.arguments!r}")
        _, shape, number, columns_first, content = self.state
        return _numbers(number, content, budget).reshape(shape, order="F" if columns_first else "C").copy("K")


class _History(_Record):
    def restore(self, budget: Budget) -> HistoryBuffer:
        names = ("_log_history", "_count_history", "max_length")
        return HistoryBuffer(*(restore(self.state[name], budget) for name in names))


def _numbers(number: Any, content: bytes, budget: Budget) -> np.ndarray:
    if not isinstance(number, _Type):
        raise RefusedError(f"a NumPy array of {number!r}")
    budget.spend(len(content))
    kind = number.restore(budget)
    return np.frombuffer(content, kind) if content else np.empty(0, kind)


# (record, name in the file); NumPy 1 uses "core"
ALLOWED: list[tuple[Callable[..., Any], str]] = [
    (_History, "mmengine.logging.history_buffer.HistoryBuffer"),
    (_Record, "builtins.getattr"),
    (lambda: b"", "builtins.bytes"),  # content of an empty array
    (_Array, "numpy.ndarray"),
    (_Type, "numpy.dtype"),
    *((_Array, f"numpy.{core}.multiarray._reconstruct") for core in ("core", "_core")),
    *((_Scalar, f"numpy.{core}.multiarray.scalar") for core in ("core", "_core")),
]


def restore(value: Any, budget: Budget) -> Any:
    """Create the objects of records in dictionaries, lists and tuples, and the histories written by :func:`.make_plain`.

    Raises:
        RefusedError: a record of anything but numbers and histories.
        ValueError: more than :data:`MOST` values.
    """
    budget.spend()
    if isinstance(value, _Record):
        return value.restore(budget)
    if isinstance(value, dict):
        if [*value] == [HISTORY] and not value[HISTORY][0].is_meta:
            values, counts, longest = value[HISTORY]
            budget.spend(2 * (values.nbytes + counts.nbytes))
            return HistoryBuffer(values.numpy(force=True), counts.numpy(force=True), longest)
        for key in [*value]:
            value[restore(key, budget)] = restore(value.pop(key), budget)
    elif isinstance(value, list):
        value[:] = [restore(item, budget) for item in value]
    elif type(value) is tuple:
        return tuple(restore(item, budget) for item in value)
    return value
