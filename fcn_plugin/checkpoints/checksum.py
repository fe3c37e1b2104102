"""Checksums inside checkpoint files: a changed, missing or added byte is told before anything of the file is used.

torch reads a zip archive's weights without comparing its CRCs, so a changed byte is another weight. The SHA-256 of all other bytes
stands in the zip archive's comment, which ends the file, or among the notes of safetensors. Two marks lead to it, so that a change
to either one leaves the other to ask for the sum.
"""

from __future__ import annotations

import hashlib
import os
import re
import zipfile
from typing import BinaryIO

from ..errors import UserError

MARK = b"fcn_plugin sha256:"
HEX = hashlib.sha256().digest_size * 2
KEY = "fcn_plugin_sha256"  # among the notes of safetensors
BLANK = {KEY: MARK.decode() + "0" * HEX}  # to be written with them; seal() fills it

END, END_SIZE = b"PK\x05\x06", 22  # a zip archive's last record, without the comment
MOST_COMMENT = 2**16 - 1
HEAD = 2**20  # safetensors' notes lie before the weights, in less than this
CHUNK = 2**20

DAMAGED = "is damaged: its bytes do not give the checksum that was written with them. Take another copy, or an earlier checkpoint"
BROKEN = "can't be read as a checkpoint: it is empty, truncated, damaged or from another program"


class _UnfitError(Exception):
    """A file that had a checksum, or must have an end, and does not show it."""


def seal(path: str | os.PathLike) -> None:
    """Write the checksum into a finished file.

    Args:
        path: what ``torch.save`` wrote, or safetensors with :data:`BLANK` among their notes.

    Raises:
        ValueError: it is neither, or sealed already.
        OSError: it can't be written.
    """
    with open(path, "r+b") as file:
        place = _blank_place(file)
        if place is None:
            file.seek(max(0, file.seek(0, os.SEEK_END) - END_SIZE))
            end = file.read()
            if not end.startswith(END) or end[-2:] != bytes(2):
                raise ValueError(f"{path} does not end as torch.save ends a file")
            file.seek(-2, os.SEEK_END)  # the comment's length, which the sum covers too
            file.write((len(MARK) + HEX).to_bytes(2, "little") + MARK)
            place = file.tell()
        digest = _digest(file, place)
        file.seek(place)
        file.write(digest)


def verify(path: str | os.PathLike) -> bool:
    """Compare a file with its checksum.

    Returns:
        True where it has one and it is right; False for the file of another program.

    Raises:
        UserError: it is damaged, or can't be opened.
    """
    sealed, problem = _look(path)
    if problem:
        raise UserError(f"{path} {problem}")
    return sealed


def damage(path: str | os.PathLike) -> str | None:
    """What is wrong with a file, to be put after its name, or None; a zip archive without a checksum is judged by its CRCs."""
    try:
        sealed, problem = _look(path)
        if sealed or problem:
            return problem
        with open(path, "rb") as file:
            start = file.read(9)
        if not start.startswith(b"PK"):  # of pickles and safetensors nothing more can be said without reading them
            return None if start.startswith(b"\x80") or start[4:] == bytes(4) + b"{" else BROKEN
        with zipfile.ZipFile(path) as archive:
            broken = archive.testzip()
    except UserError as error:
        return str(error).removeprefix(f"{path} ")
    except Exception as error:  # zipfile has no end of errors for what is no archive
        return f"is damaged ({error}): take another copy, or an earlier checkpoint"
    return (
        f"is damaged: the CRC of {broken} does not fit. Take another copy, or an earlier checkpoint" if broken else None
    )


def sha256(path: str | os.PathLike) -> str:
    """Of a whole file, as hex digits."""
    with open(path, "rb") as file:
        return _digest(file, file.seek(0, os.SEEK_END)).decode()


def _look(path: str | os.PathLike) -> tuple[bool, str | None]:
    """Whether a file has a checksum, and what is wrong with it."""
    try:
        with open(path, "rb") as file:
            try:
                place = _place(file)
            except _UnfitError as error:
                return True, str(error)
            if place is None:
                return False, None
            written = _read(file, place, HEX)
            return True, None if written == _digest(file, place) else DAMAGED
    except OSError as error:
        raise UserError(
            f"{path} can't be read ({error.strerror or error}): check that it is a file that you may read"
        ) from error


def _place(file: BinaryIO) -> int | None:
    """Where the digits of the checksum begin; None for a file without one."""
    size = file.seek(0, os.SEEK_END)
    last = max(0, size - END_SIZE - len(MARK) - HEX)
    end = _read(file, last, size)
    has_end = end.startswith(END) and end[END_SIZE - 2 : END_SIZE] == (len(MARK) + HEX).to_bytes(2, "little")
    has_mark = end[END_SIZE : END_SIZE + len(MARK)] == MARK
    if has_end and has_mark:
        return size - HEX
    if has_end or has_mark:
        raise _UnfitError(DAMAGED)
    if _read(file, 0, 2) == b"PK":
        _require_end(file, size)
        return None
    return _place_in_notes(_read(file, 0, HEAD))


def _require_end(file: BinaryIO, size: int) -> None:
    """A zip archive ends with its last record and a comment as long as that says: torch takes shorter and longer ones as well."""
    first = max(0, size - END_SIZE - MOST_COMMENT)
    tail = _read(file, first, size)
    start = tail.rfind(END)
    length = tail[start + END_SIZE - 2 : start + END_SIZE]
    if start < 0 or len(length) < 2 or start + END_SIZE + int.from_bytes(length, "little") != len(tail):
        raise _UnfitError(BROKEN)


def _place_in_notes(head: bytes) -> int | None:
    key, mark = head.find(f'"{KEY}"'.encode()), head.find(MARK)
    if key < 0 and mark < 0:
        return None
    whole = re.compile(rb'"%s":"%s[0-9a-f]{%d}"' % (KEY.encode(), MARK, HEX)).match(head, key) if key >= 0 else None
    if whole is None:
        raise _UnfitError(DAMAGED)
    return whole.end() - 1 - HEX


def _blank_place(file: BinaryIO) -> int | None:
    place = _read(file, 0, HEAD).find(BLANK[KEY].encode())
    return None if place < 0 else place + len(MARK)


def _read(file: BinaryIO, start: int, count: int) -> bytes:
    file.seek(start)
    return file.read(count)


def _digest(file: BinaryIO, place: int) -> bytes:
    """Hex digits of the SHA-256 of all bytes but those at the place where the digits stand."""
    total = hashlib.sha256()
    file.seek(0)
    left = place
    while left and (chunk := file.read(min(CHUNK, left))):
        total.update(chunk)
        left -= len(chunk)
    file.seek(place + HEX)
    while chunk := file.read(CHUNK):
        total.update(chunk)
    return total.hexdigest().encode()
