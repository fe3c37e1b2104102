"""Checksums inside checkpoint files: a changed, missing or added byte is found before anything of the file is used.

torch reads a zip archive's weights without comparing its CRCs, so a changed byte is another weight. The SHA-256 of all other bytes
is the zip archive's comment, at the end of the file, or one of the notes of safetensors. Two marks lead to it, the comment's length
or the note's key and the text before the digits, so that a change to either one does not hide it.
"""

from __future__ import annotations

import hashlib
import os
import re
import sys
import zipfile
from typing import BinaryIO

from ..errors import UserError

MARK = b"fcn_plugin sha256:"
HEX = 64  # digits of a sum
KEY = "fcn_plugin_sha256"  # among the notes of safetensors
BLANK = {KEY: MARK.decode() + "0" * HEX}  # to be written with them; seal() fills it

END, END_SIZE = b"PK\x05\x06", 22  # a zip archive's last record, without the comment, whose length it ends with
MOST_COMMENT = 2**16 - 1
HEAD = 2**20  # safetensors' notes lie before the weights, in less than this
CHUNK = 2**20

CHANGED = "is damaged: its bytes do not give the checksum that was written with them. Take another copy, or an earlier checkpoint"
BROKEN = "can't be read as a checkpoint: it is empty, truncated, damaged or from another program"


def seal(path: str | os.PathLike) -> None:
    """Write the checksum into what ``torch.save`` has written, or into safetensors with :data:`BLANK` among their notes.

    Raises:
        ValueError: it is neither, or sealed already.
    """
    with open(path, "r+b") as file:
        blank = _read(file, 0, HEAD).find(BLANK[KEY].encode())
        place = blank + len(MARK)
        if blank < 0:
            end = _read(file, max(0, file.seek(0, os.SEEK_END) - END_SIZE), END_SIZE)
            if not end.startswith(END) or end[-2:] != bytes(2):
                raise ValueError(f"{path} does not end as torch.save ends a file")
            file.seek(-2, os.SEEK_END)  # the comment's length, which the sum covers too
            file.write((len(MARK) + HEX).to_bytes(2, "little") + MARK)
            place = file.tell()
        digest = _digest(file, place)
        file.seek(place)
        file.write(digest)


def verify(path: str | os.PathLike) -> bool:
    """Compare a file with its checksum, or another program's zip archive with its CRCs; True where it has a checksum.

    Raises:
        UserError: checkpoint-damaged, file-access.
    """
    try:
        with open(path, "rb") as file:
            place = _place(file)
            if place is not None and _read(file, place, HEX) != _digest(file, place):
                raise UserError("checkpoint-damaged", f"{path} {CHANGED}")
            if _read(file, 0, 2) == b"PK":
                _check_archive(file, sealed=place is not None)
            return place is not None
    except OSError as error:
        reason = error.strerror or error
        raise UserError("file-access", f"{path} can't be read ({reason}): check that you may read it") from error


def sha256(path: str | os.PathLike) -> str:
    """Return the sum of a whole file as hex digits."""
    with open(path, "rb") as file:
        return _digest(file, file.seek(0, os.SEEK_END)).decode()


def _place(file: BinaryIO) -> int | None:
    """Find where the digits of the checksum begin; None for a file without one."""
    size = file.seek(0, os.SEEK_END)
    tail = _read(file, max(0, size - END_SIZE - MOST_COMMENT), size)
    rest = tail.rpartition(END)[2]
    length, comment = rest[END_SIZE - len(END) - 2 :][:2], rest[END_SIZE - len(END) :]
    ends_as_zip = END in tail and length == len(comment).to_bytes(2, "little")
    if ends_as_zip and len(comment) == len(MARK) + HEX:
        if not comment.startswith(MARK):
            raise UserError("checkpoint-damaged", f"{file.name} {CHANGED}")
        return size - HEX
    if _read(file, 0, 2) != b"PK":
        return _place_in_notes(file)
    if not ends_as_zip:  # torch takes archives with bytes missing or added at the end
        raise UserError("checkpoint-damaged", f"{file.name} {BROKEN}")
    return None


def _place_in_notes(file: BinaryIO) -> int | None:
    head, key = _read(file, 0, HEAD), f'"{KEY}"'.encode()
    if key not in head and MARK not in head:
        return None
    note = re.search(rb'%s:"%s[0-9a-f]{%d}"' % (key, MARK, HEX), head)
    if note is None:
        raise UserError("checkpoint-damaged", f"{file.name} {CHANGED}")
    return note.end() - 1 - HEX


def _check_archive(file: BinaryIO, sealed: bool) -> None:
    """Refuse an archive that takes more room than its file, as torch's never do, and wrong CRCs where there is no checksum."""
    try:
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
            names = {entry.filename for entry in entries}
            if len(names) < len(entries) or sum(entry.file_size for entry in entries) > os.fstat(file.fileno()).st_size:
                raise ValueError("entries share a name, or are larger than the file")
            written = any(entry.CRC for entry in entries)  # a setting of torch leaves them out
            if not sealed and written and (broken := archive.testzip()):
                raise ValueError(f"the CRC of {broken} is wrong")
    except Exception as error:  # zipfile raises errors of many kinds for damaged archives
        raise UserError("checkpoint-damaged", f"{file.name} is damaged ({error}): take another copy") from error


def _read(file: BinaryIO, start: int, count: int) -> bytes:
    file.seek(start)
    return file.read(count)


def _digest(file: BinaryIO, place: int) -> bytes:
    """Compute the SHA-256, as hex digits, of all bytes but those of the digits themselves, which begin at ``place``."""
    total = hashlib.sha256()
    for start, left in ((0, place), (place + HEX, sys.maxsize)):
        file.seek(start)
        while chunk := file.read(min(CHUNK, left)):
            total.update(chunk)
            left -= len(chunk)
    return total.hexdigest().encode()
