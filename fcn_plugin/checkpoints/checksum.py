"""Checksums inside checkpoint files, which reveal a changed, missing or added byte before the file is used.

torch does not check the CRCs of a zip archive, so a changed byte would change a weight. The SHA-256 of all other bytes is stored in
the zip archive's comment, at the end of the file, or in the metadata of safetensors. Two marks identify it, the comment's length or
the metadata key, and the text before the digits, so that a change to one of them does not hide it.
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
HEX = 64  # digits of a checksum
KEY = "fcn_plugin_sha256"  # in the metadata of safetensors
BLANK = {KEY: MARK.decode() + "0" * HEX}  # placeholder in the metadata, which seal() fills

END, END_SIZE = b"PK\x05\x06", 22  # a zip archive's last record, which ends with the comment's length, then the comment
MOST_COMMENT = 2**16 - 1
HEAD = 2**20  # bytes at the start of a file that contain safetensors' metadata
CHUNK = 2**20

CHANGED = "is damaged: its checksum does not match. Use another copy, or an earlier checkpoint"
BROKEN = "can't be read as a checkpoint: it is empty, truncated, damaged or from another program"


def seal(path: str | os.PathLike[str]) -> None:
    """Write the checksum into a file of ``torch.save``, or of safetensors with :data:`BLANK` in its metadata.

    Raises:
        ValueError: the file is neither, or already has a checksum.
    """
    with open(path, "r+b") as file:
        blank = _read(file, 0, HEAD).find(BLANK[KEY].encode())
        place = blank + len(MARK)
        if blank < 0:
            end = _read(file, max(0, file.seek(0, os.SEEK_END) - END_SIZE), END_SIZE)
            if not end.startswith(END) or end[-2:] != bytes(2):
                raise ValueError(f"{path} does not end like a file of torch.save")
            file.seek(-2, os.SEEK_END)  # the comment's length, which the checksum includes
            file.write((len(MARK) + HEX).to_bytes(2, "little") + MARK)
            place = file.tell()
        digest = _digest(file, place)
        file.seek(place)
        file.write(digest)


def verify(path: str | os.PathLike[str]) -> bool:
    """Check a file against its checksum, or another program's zip archive against its CRCs; return whether it has a checksum.

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
        raise UserError("file-access", f"can't read {path} ({reason}): check its permissions") from error


def sha256(path: str | os.PathLike[str]) -> str:
    """Return the SHA-256 of a whole file as hex digits."""
    with open(path, "rb") as file:
        return _digest(file, file.seek(0, os.SEEK_END)).decode()


def _place(file: BinaryIO) -> int | None:
    """Return the position of the checksum's digits; None for a file without one."""
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
    if not ends_as_zip:  # torch accepts archives with bytes missing or added at the end
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
    """Refuse an archive with more content than its file, which torch never writes, and wrong CRCs if there is no checksum."""
    try:
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
            names = {entry.filename for entry in entries}
            if len(names) < len(entries) or sum(entry.file_size for entry in entries) > os.fstat(file.fileno()).st_size:
                raise ValueError("entries share a name, or are larger than the file")
            written = any(entry.CRC for entry in entries)  # torch has a setting to omit them
            if not sealed and written and (broken := archive.testzip()):
                raise ValueError(f"the CRC of {broken} is wrong")
    except Exception as error:  # zipfile raises many kinds of errors for damaged archives
        raise UserError("checkpoint-damaged", f"{file.name} is damaged ({error}): use another copy") from error


def _read(file: BinaryIO, start: int, count: int) -> bytes:
    file.seek(start)
    return file.read(count)


def _digest(file: BinaryIO, place: int) -> bytes:
    """Compute the SHA-256, as hex digits, of all bytes except the digits at ``place``."""
    total = hashlib.sha256()
    for start, left in ((0, place), (place + HEX, sys.maxsize)):
        file.seek(start)
        while chunk := file.read(min(CHUNK, left)):
            total.update(chunk)
            left -= len(chunk)
    return total.hexdigest().encode()
