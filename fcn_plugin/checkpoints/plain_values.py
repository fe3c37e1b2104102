"""What a checkpoint holds besides weights: made plain before it is written, checked and restored when it is read.

Files that mmengine wrote hold histories of logged values and NumPy's numbers. Unpickled by themselves, these need ``getattr``,
which reaches any function; ``numpy.ndarray``, which takes a file's bytes for the addresses of objects; and
``HistoryBuffer.__setstate__``, which puts functions of the file's choice into the class. Here the unpickler makes records of
arguments and state, and :func:`restore` checks these and makes the objects.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import torch
from mmengine.config import Config, ConfigDict
from mmengine.logging import HistoryBuffer

HISTORY = "__history__"  # a history of logged values is written as {HISTORY: [values, counts, longest]}
NUMBER = re.compile(r"b1|[iu][1248]|f[248]")
MOST = 2**21  # values in a file, and steps of its pickles: real ones have some ten thousand


def make_plain(checkpoint: dict) -> None:
    """Replace in place what is not plain, so that the file loads without running code.

    Functions go (a schedule is built with its own), configs become dicts, histories of logged values and NumPy's numbers become
    tensors and numbers, and tensors on a GPU, as mmengine leaves an average's, are copied to the CPU.
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
        value.clear()  # an OrderedDict of weights has their versions as an attribute, and stays
        value.update(items)
    elif type(value) in (list, tuple):
        return type(value)(_plain(item) for item in value if not callable(item))
    return value


class Budget:
    """What may still be made of a file: a few bytes of it can refer to the same values again and again."""

    left = MOST

    def spend(self, size: int = 0) -> None:
        """Count a value, and each KiB of it; ValueError where there are too many."""
        self.left -= 1 + size // 1024
        if self.left < 0:
            raise ValueError("too many values for one file")


class RefusedError(Exception):
    """A file asks for something that its values do not need; the text names it."""


class _Record:
    """Arguments and state of what a pickle would make."""

    state: Any = None

    def __new__(cls, *arguments: Any) -> _Record:
        record = super().__new__(cls)
        record.arguments = arguments
        return record

    def __setstate__(self, state: Any) -> None:
        self.state = state

    def restore(self, budget: Budget) -> Any:
        """Make the object; none for ``getattr``, by which a history only names methods that its class has anyway."""
        raise RefusedError(f"builtins.getattr of {self.arguments!r}")


class _Type(_Record):
    def restore(self, budget: Budget) -> np.dtype:
        code, (_, order, *others) = self.arguments[0], self.state
        if not isinstance(code, str) or not NUMBER.fullmatch(code):
            raise RefusedError(f"numpy.dtype {code!r}")
        if order not in ("<", ">", "|", "=") or any(others[:3]):  # fields and shapes, of which numbers have none
            raise RefusedError(f"numpy.dtype with {self.state!r}")
        return np.dtype(code).newbyteorder(order)


class _Scalar(_Record):
    def restore(self, budget: Budget) -> np.generic:
        return _numbers(*self.arguments, budget)[0]


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


# (what is made, the name in the file); NumPy 1 has the folder "core"
ALLOWED = [
    (_History, "mmengine.logging.history_buffer.HistoryBuffer"),
    (_Record, "builtins.getattr"),
    (lambda: b"", "builtins.bytes"),  # what an empty array holds
    (_Array, "numpy.ndarray"),
    (_Type, "numpy.dtype"),
    *((_Array, f"numpy.{core}.multiarray._reconstruct") for core in ("core", "_core")),
    *((_Scalar, f"numpy.{core}.multiarray.scalar") for core in ("core", "_core")),
]


def restore(value: Any, budget: Budget) -> Any:
    """Make the objects of records in dictionaries, lists and tuples, and the histories that :func:`.make_plain` wrote.

    Raises:
        RefusedError: a record of something else than numbers and histories.
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
