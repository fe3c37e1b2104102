"""Fields of a protobuf message in a mapped file.

A message is a row of fields: a tag (``number << 3 | wire type``), then the value. Numbers come packed (one length, then
all values) or one by one (each behind its own tag), in one piece or several.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5  # wire types; 3 and 4 are groups, which Caffe does not use
WIDTH = {FIXED64: 8, FIXED32: 4}
SCAN = 1 << 20  # records looked at in one go


class Field(NamedTuple):
    """One field, or a run of fixed-width ones with the same tag; [start, stop) leaves out the first tag."""

    number: int
    wire: int
    value: int  # a varint's
    start: int
    stop: int


class Unreadable(Exception):
    """Why the file is refused, and what to do; the path goes in front."""

    def __init__(self, reason: str, remedy: str = "give the whole file as Caffe wrote it, or download it again"):
        super().__init__(f"can't be read as a .caffemodel: {reason}; {remedy}")


def fields(data: memoryview, position: int, end: int) -> Iterator[Field]:
    """Fields of the message in [position, end), runs of fixed-width fields as one."""
    while position < end:
        tag, start = read_varint(data, position, end, longest=5)
        number, wire, value = tag >> 3, tag & 7, 0
        if not 0 < number < 1 << 29 or wire not in (VARINT, LENGTH, *WIDTH):
            raise Unreadable(f"no field can begin with tag {tag} (at byte {position})")
        if wire == VARINT:
            value, stop = read_varint(data, start, end)
        elif wire == LENGTH:
            size, start = read_varint(data, start, end)
            stop = start + size
        else:
            stop = start + WIDTH[wire]
        if stop > end:
            raise Unreadable(f"the field at byte {position} reaches to byte {stop}, its message ends at byte {end}")
        if wire in WIDTH:
            stop = _end_of_run(data, stop, end, tag, WIDTH[wire] + 1)
        yield Field(number, wire, value, start, stop)
        position = stop


def _end_of_run(data: memoryview, position: int, end: int, tag: int, step: int) -> int:
    """First byte after the records of ``step`` bytes, each beginning with ``tag``, in a row from here on."""
    scan = 64
    while count := min(scan, (end - position) // step):
        tags = np.ndarray((count,), np.uint8, data, position, (step,))
        others = np.flatnonzero(tags != tag)
        if len(others):
            return position + step * int(others[0])
        position += step * count
        scan = min(2 * scan, SCAN)  # little work for a short run, few rounds for a long one
    return position


def read_varint(data: memoryview, position: int, end: int, longest: int = 10) -> tuple[int, int]:
    """Unsigned number of 7 bits a byte, lowest first, and the position behind it."""
    value = 0
    for i, byte in enumerate(data[position : min(position + longest, end)]):
        value |= (byte & 127) << 7 * i
        if byte < 128:
            return value & (1 << 64) - 1, position + i + 1
    raise Unreadable(f"a number at byte {position} does not end within {min(longest, end - position)} bytes")


def signed(value: int) -> int:
    """Two's complement of 64 bits."""
    return value - (1 << 64) if value >> 63 else value
