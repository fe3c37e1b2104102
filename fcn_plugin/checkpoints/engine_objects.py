"""mmengine's history of logged values and NumPy's numbers, made without what they would let a file do.

Unpickled as they are, they need ``getattr``, which reaches any function; ``numpy.ndarray``, which makes Python objects of a file's
bytes, taken for addresses; and ``HistoryBuffer.__setstate__``, which puts functions of the file's choice into the class, for all
histories of the process. So stand-ins take the values in, and :func:`settle` makes the real things of them.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from mmengine.logging import HistoryBuffer

NUMBER = re.compile(r"b1|[iu][1248]|f[248]")
STATISTICS = ("min", "max", "mean", "current")


class RefusedError(Exception):
    """A file asks for something that its values do not need; the text is what."""


class _Number:
    """``numpy.dtype`` of plain numbers."""

    def __init__(self, code: str, *_) -> None:
        if not isinstance(code, str) or not NUMBER.fullmatch(code):
            raise RefusedError(f"numpy.dtype {code!r}")
        self.dtype = np.dtype(code)

    def __setstate__(self, state: tuple) -> None:
        order, *rest = state[1:]
        if order not in ("<", ">", "|", "=") or any(rest[:3]):  # fields and shapes, of which numbers have none
            raise RefusedError(f"numpy.dtype with {state!r}")
        self.dtype = self.dtype.newbyteorder(order)


class _Array:
    """``numpy.ndarray``."""

    array = np.empty(0)

    def __setstate__(self, state: tuple) -> None:
        _, shape, number, columns_first, content = state
        flat = np.frombuffer(content, _dtype(number)) if content else np.empty(0, _dtype(number))
        self.array = flat.reshape(shape, order="F" if columns_first else "C").copy("K")


class _History:
    """``HistoryBuffer``."""

    def __setstate__(self, state: dict) -> None:
        self.values = {name: state[name] for name in ("max_length", "_log_history", "_count_history")}


def _dtype(number: _Number) -> np.dtype:
    if not isinstance(number, _Number):
        raise RefusedError(f"a NumPy array of {number!r}")
    return number.dtype


def _blank_array(kind: type, *_) -> _Array:
    if kind is not _Array:
        raise RefusedError(f"a NumPy array of the class {kind!r}")
    return _Array()


def _scalar(number: _Number, content: bytes) -> np.generic:
    return np.frombuffer(content, _dtype(number), 1)[0]


def _statistic(owner: type, name: str) -> str:
    """``getattr``: a history names its own four methods, which :class:`HistoryBuffer` has anyway."""
    if owner is not _History or name not in STATISTICS:
        raise RefusedError(f"builtins.getattr of {owner!r} and {name!r}")
    return name


def _no_bytes() -> bytes:
    """What an empty array holds."""
    return b""


# NumPy 1 has the folder "core"; the last of each pair is the name in the file
ALLOWED = [
    (_History, "mmengine.logging.history_buffer.HistoryBuffer"),
    (_statistic, "builtins.getattr"),
    (_no_bytes, "builtins.bytes"),
    (_Array, "numpy.ndarray"),
    (_Number, "numpy.dtype"),
    *((_blank_array, f"numpy.{core}.multiarray._reconstruct") for core in ("core", "_core")),
    *((_scalar, f"numpy.{core}.multiarray.scalar") for core in ("core", "_core")),
]


def settle(value: Any) -> Any:
    """Put the real histories and arrays in the stand-ins' places, in dictionaries, lists and tuples."""
    if isinstance(value, _Array):
        return value.array
    if isinstance(value, _History):
        history = HistoryBuffer()
        history.__dict__.update(settle(value.values))
        return history
    if isinstance(value, dict):
        for key, item in value.items():
            value[key] = settle(item)
    elif isinstance(value, list):
        value[:] = map(settle, value)
    elif type(value) is tuple:
        return tuple(map(settle, value))
    return value
