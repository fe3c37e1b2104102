"""Expand the command line's arguments to a list of inputs, each with the name of its results."""

from __future__ import annotations

import glob
import os
import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from ...atomic_write import read_plain
from ...errors import UserError
from ...listing import IMAGE_SUFFIXES, files_below

VIDEO_SUFFIXES = {".mp4", ".avi", ".mov", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg", ".wmv"}
TIFF_SUFFIXES = {".tif", ".tiff"}
CAMERA = "camera:"


class Input(NamedTuple):
    """An image, a multi-page file, a video or a stream.

    Attributes:
        folder: root folder of the names of results; empty for URLs and cameras.
        path: path relative to ``folder``, a URL, or ``camera:0``.
    """

    folder: str
    path: str

    @property
    def address(self) -> str:
        """Path of the file, URL, or camera."""
        return os.path.join(self.folder, self.path)

    @property
    def kind(self) -> str:
        """``image``, ``tiff``, ``video``, ``camera``, ``stream`` or ``link`` (of an image)."""
        suffix = os.path.splitext(self.path.partition("?")[0] if "://" in self.path else self.path)[1].lower()
        if self.path.startswith(CAMERA):
            return "camera"
        if "://" in self.path:
            return "link" if suffix in IMAGE_SUFFIXES else "stream"
        return "tiff" if suffix in TIFF_SUFFIXES else "video" if suffix in VIDEO_SUFFIXES else "image"

    @property
    def is_video(self) -> bool:
        """Whether the input has frames, whose results are named ``name/FRAME``."""
        return self.kind in ("video", "camera", "stream")

    @property
    def name(self) -> str:
        """Name of the results, without suffix: for an image URL its last part, for a stream all without password and query."""
        if self.path.startswith(CAMERA):
            return self.path.replace(":", "_")
        if "://" not in self.path:
            return os.path.splitext(self.path)[0]
        place = without_password(self.path).partition("://")[2].partition("?")[0]
        if self.kind == "link":
            place = os.path.splitext(place.rpartition("/")[2])[0]
        return re.sub(r"[^\w-]+", "_", place).strip("_") or "stream"


def find_inputs(words: Sequence[str], leave_out: Sequence[str | Path] = ()) -> list[Input]:
    """Return the inputs that the words name, in order and without duplicates.

    Args:
        words: image files, TIFF files, videos; folders, searched recursively (names keep the folder structure); glob patterns;
            ``@list.txt``, a file with one image, video or URL per line; ``-``, such lines on standard input; ``https://`` image
            URLs; ``rtsp://`` and ``http://`` streams; ``camera:0``.
        leave_out: folders of results to skip.

    Raises:
        UserError: file-missing, list-file, download, option-value; output-exists if two results have the same name.
    """
    found: dict[str, Input] = {}
    for word in words:
        for item in _of_word(str(word), leave_out):
            key = item.name + "/" * item.is_video
            if key in found and not _same(found[key], item):
                both = f"{found[key].address} and {item.address}"
                raise UserError(
                    "output-exists", f"results of {both} would both be {item.name}: use two folders, or two --out-dir"
                )
            found[key] = item
    folders = {os.path.dirname(key) for key in found if not key.endswith("/")}
    if clash := next((item for item in found.values() if item.is_video and item.name in folders), None):
        raise UserError(
            "output-exists", f"frames of {clash.address} would mix with images of {clash.name}/: use two --out-dir"
        )
    return list(found.values())


def without_password(link: str) -> str:
    """Return a URL without user name and password."""
    return re.sub(r"://[^/@]*@", "://", link)


def _same(first: Input, second: Input) -> bool:
    return os.path.realpath(first.address) == os.path.realpath(second.address)


def _of_word(word: str, leave_out: Sequence[str | Path]) -> list[Input]:
    if word == "-":
        return _of_lines(sys.stdin.read().splitlines(), "standard input")
    if word.startswith("@"):
        try:
            lines = read_plain(Path(word[1:])).decode("utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(
                "list-file", f"can't read the list {word[1:]}: {error}. Write one image per line, in UTF-8"
            ) from error
        return _of_lines(lines, word[1:])
    if _is_address(word):
        return [_addressed(word)]
    path = Path(word)
    if path.is_dir():
        files = [file for file in files_below(path, IMAGE_SUFFIXES, leave_out) if os.path.isfile(file)]
        found = [Input(word, os.path.relpath(file, word)) for file in files]
    else:
        files = [word] if path.is_file() else sorted(glob.glob(word, recursive=True))
        found = [Input(*os.path.split(file)) for file in files if os.path.isfile(file)]
    if not found:
        kinds = " ".join(sorted(IMAGE_SUFFIXES))
        raise UserError("file-missing", f"no image ({kinds}) at {word}: give files, folders or quoted patterns")
    return found


def _of_lines(lines: Iterable[str], place: str) -> list[Input]:
    """Read a list; names are relative to the common folder of its files. Missing files raise later."""
    lines = [line.strip() for line in lines if line.strip()]
    if not lines:
        raise UserError("list-file", f"{place} is empty: write one image per line")
    folders = {os.path.dirname(os.path.abspath(line)) for line in lines if not _is_address(line)}
    root = os.path.commonpath(folders) if folders else ""
    return [
        _addressed(line) if _is_address(line) else Input(root, os.path.relpath(os.path.abspath(line), root))
        for line in lines
    ]


def _is_address(word: str) -> bool:
    return "://" in word or word.startswith(CAMERA)


def _addressed(word: str) -> Input:
    found = Input("", word)
    if found.kind == "camera" and not word.removeprefix(CAMERA).isdecimal():
        raise UserError("option-value", f"unknown camera {word}: give its number, camera:0 for the first")
    if found.kind == "link" and not word.startswith("https://"):
        raise UserError("download", f"unsupported image URL {without_password(word)}: use https://")
    return found
