"""Read an array from a ``.mat`` file of MATLAB 5 to 7.2 (little-endian) in Python, since a changed byte can crash scipy's compiled
reader.

A file is a header and a sequence of elements: type and size, 4 bytes each, then the content, padded to a multiple of 8 bytes; up to
4 bytes are in the tag itself. A matrix is also a sequence of elements: flags, sizes, name, content.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np

from ...atomic_write import read_plain

HEADER = 128
COMPRESSED, STRUCT, COMPLEX = 15, 2, 0x800
NUMBERS = {1: "<i1", 2: "<u1", 3: "<i2", 4: "<u2", 5: "<i4", 6: "<u4", 7: "<f4", 9: "<f8", 12: "<i8", 13: "<u8"}
MOST = 1 << 24  # bytes of a file, compressed or not: an image of 2 million pixels as doubles


def read_field(path: Path, variable: str, field: str | None = None) -> np.ndarray:
    """Read a field of the first element of a struct, or without ``field`` a matrix of numbers.

    Other files raise many kinds of errors.
    """
    content = read_plain(path, MOST)
    if content[126:HEADER] != b"IM":
        raise ValueError("not a MATLAB 5 file")
    left = MOST
    for kind, data in _elements(memoryview(content)[HEADER:]):
        if kind == COMPRESSED:
            inflate = zlib.decompressobj()
            inflated = inflate.decompress(data, left)
            left -= len(inflated)
            if not inflate.eof or not left:
                raise ValueError(f"truncated, or more than {MOST} bytes")
            ((_, data),) = _elements(memoryview(inflated))
        flags, _, name, parts = _open(data)
        if name == variable.encode() and field is None:
            return _numbers(data)
        if field is not None and (name, flags & 255) == (variable.encode(), STRUCT):
            (_, length), (_, names) = islice(parts, 2)
            width = int.from_bytes(length, "little")
            for start, (_, value) in zip(range(0, len(names), width), parts, strict=False):
                if bytes(names[start : start + width]).rstrip(b"\0") == field.encode():
                    return _numbers(value)
    raise KeyError(f"{variable}.{field}" if field else variable)


def _elements(data: memoryview) -> Iterator[tuple[int, memoryview]]:
    """Yield type and content of a sequence of elements."""
    position = 0
    while position < len(data):
        kind, size = struct.unpack_from("<II", data, position)
        start = position + 8
        if kind >> 16:
            kind, size, start = kind & 0xFFFF, kind >> 16, position + 4
        if size > len(data) - start:
            raise ValueError(f"an element of {size} bytes in {len(data) - start}")
        yield kind, data[start : start + size]
        position = start + size + (0 if kind == COMPRESSED else -(start + size) % 8)


def _open(matrix: memoryview) -> tuple[int, memoryview, bytes, Iterator[tuple[int, memoryview]]]:
    """Read the flags (the lowest byte is the class), sizes and name of a matrix; the rest follows."""
    parts = _elements(matrix)
    (_, flags), (_, sizes), (_, name) = islice(parts, 3)
    return int.from_bytes(flags[:4], "little"), sizes, bytes(name), parts


def _numbers(matrix: memoryview) -> np.ndarray:
    """Read a matrix of real numbers, which may be stored in a smaller type than the matrix's."""
    flags, sizes, _, parts = _open(matrix)
    if not 6 <= flags & 255 <= 15 or flags & COMPLEX:
        raise ValueError(f"not a matrix of real numbers: class {flags & 255}, flags {flags >> 8:x}")
    kind, values = next(parts)
    return np.frombuffer(values, NUMBERS[kind]).reshape(np.frombuffer(sizes, "<u4"), order="F")
