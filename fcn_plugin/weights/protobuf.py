"""Read the fields of a protobuf message in a mapped file.

A message is a sequence of fields: a tag (``number << 3 | wire type``), then the value. Numbers are packed (a length, then all
values) or single (each after its own tag), in one piece or several.
"""

from __future__ import annotations

import mmap
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from ..errors import UserError

VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5  # wire types; 3 and 4 are groups, which Caffe does not use
WIDTH = {FIXED64: 8, FIXED32: 4}
SCAN = 1 << 20  # records compared at a time
MOST = 500_000  # fields of a file; nets of a thousand layers have fewer, and each needs a hundred times its two bytes


class Source(mmap.mmap):
    """A mapped file, with a count of the fields read."""

    fields = 0


class CaffeFileError(UserError):
    """Error for a refused file, with the remedy; its code is ``weights-format`` if another copy would not help."""

    def __init__(self, reason: str, remedy: str | None = None):
        advice = remedy or "use the complete file that Caffe wrote, or download it again"
        message = f"can't be read as a .caffemodel: {reason}; {advice}"
        super().__init__("weights-format" if remedy else "weights-damaged", message)


class Field(NamedTuple):
    """One field, or a run of fixed-width fields with the same tag; [start, stop) begins after the first tag."""

    wire: int
    value: int  # of a varint
    start: int
    stop: int


def pick(data: Source, message: Field, wanted: Mapping[int, tuple[int, ...]]) -> dict[int, list[Field]]:
    """Group a message's fields of wanted numbers and wire types by number, in file order."""
    found: dict[int, list[Field]] = {number: [] for number in wanted}
    position, end = message.start, message.stop
    while position < end:
        data.fields += 1
        if data.fields > MOST:
            raise CaffeFileError(f"it has more than {MOST} fields")
        tag, start = read_varint(data, position, end, longest=5)
        number, wire, value = tag >> 3, tag & 7, 0
        if not 0 < number < 1 << 29 or wire not in (VARINT, LENGTH, *WIDTH):
            raise CaffeFileError(f"no field can begin with tag {tag} (at byte {position})")
        if wire == VARINT:
            value, stop = read_varint(data, start, end)
        elif wire == LENGTH:
            size, start = read_varint(data, start, end)
            stop = start + size
        else:
            stop = start + WIDTH[wire]
        if stop > end:
            raise CaffeFileError(f"the field at byte {position} ends at byte {stop}, but its message at byte {end}")
        if wire in WIDTH:
            stop = _end_of_run(data, stop, end, tag, WIDTH[wire] + 1)
        if wire in wanted.get(number, ()):
            found[number].append(Field(wire, value, start, stop))
        position = stop
    return found


def _end_of_run(data: Source, position: int, end: int, tag: int, step: int) -> int:
    """Return the first byte after the run of ``step``-byte records that begins here, each starting with ``tag``."""
    scan = 64
    while count := min(scan, (end - position) // step):
        tags = np.ndarray((count,), np.uint8, data, position, (step,))
        others = np.flatnonzero(tags != tag)
        if len(others):
            return position + step * int(others[0])
        position += step * count
        scan = min(2 * scan, SCAN)  # little work for a short run, few rounds for a long one
    return position


def read_varint(data: Source, position: int, end: int, longest: int = 10) -> tuple[int, int]:
    """Read an unsigned number with 7 bits per byte, lowest first; return it and the position after it."""
    value = 0
    for i, byte in enumerate(data[position : min(position + longest, end)]):
        value |= (byte & 127) << 7 * i
        if byte < 128:
            return value & (1 << 64) - 1, position + i + 1
    raise CaffeFileError(f"a number at byte {position} does not end within {min(longest, end - position)} bytes")


def signed(value: int) -> int:
    """Convert a varint's value from 64-bit two's complement."""
    return value - (1 << 64) if value >> 63 else value
