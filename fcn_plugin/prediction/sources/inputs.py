"""What the words of the command line stand for: a list of inputs, each with the name of its results."""

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
    """An image, a file of several pages, a video or a stream.

    Attributes:
        folder: that the names of results are relative to; empty for links and cameras.
        path: below ``folder``; or a link, or ``camera:0``.
    """

    folder: str
    path: str

    @property
    def address(self) -> str:
        """Path of the file, link or camera."""
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
        """Whether it has frames; names of their results begin with ``name/``."""
        return self.kind in ("video", "camera", "stream")

    @property
    def name(self) -> str:
        """Name of the results, without suffix; of a link the end of it, or all of it for a stream, without password and query."""
        if self.path.startswith(CAMERA):
            return self.path.replace(":", "_")
        if "://" not in self.path:
            return os.path.splitext(self.path)[0]
        place = without_password(self.path).partition("://")[2].partition("?")[0]
        if self.kind == "link":
            place = os.path.splitext(place.rpartition("/")[2])[0]
        return re.sub(r"[^\w-]+", "_", place).strip("_") or "stream"


def find_inputs(words: Sequence[str], leave_out: Sequence[str | Path] = ()) -> list[Input]:
    """Return what the words name, in their order; a file that is named twice counts once.

    Args:
        words: image files, TIFF files, videos; folders, whose images are searched in depth (the folder's structure is kept in
            the names); glob patterns; ``@list.txt``, a file with one image, video or link a line; ``-``, such lines on standard
            input; ``https://`` links of images; ``rtsp://`` and ``http://`` streams; ``camera:0``.
        leave_out: folders of results inside these folders.

    Raises:
        UserError: file-missing, list-file, download, option-value; output-exists for two results of one name.
    """
    found: dict[str, Input] = {}
    for word in words:
        for item in _of_word(str(word), leave_out):
            key = item.name + "/" * item.is_video
            if key in found and not _same(found[key], item):
                both = f"{found[key].address} and {item.address}"
                raise UserError("output-exists", f"{both} would both be {item.name}: use two folders, or two --out-dir")
            found[key] = item
    folders = {os.path.dirname(key) for key in found if not key.endswith("/")}
    if clash := next((item for item in found.values() if item.is_video and item.name in folders), None):
        raise UserError(
            "output-exists", f"frames of {clash.address} would lie among images of {clash.name}/: use two --out-dir"
        )
    return list(found.values())


def without_password(link: str) -> str:
    """Return a link without the user and password that it may hold."""
    return re.sub(r"://[^/@]*@", "://", link)


def _same(one: Input, other: Input) -> bool:
    return os.path.realpath(one.address) == os.path.realpath(other.address)


def _of_word(word: str, leave_out: Sequence[str | Path]) -> list[Input]:
    if word == "-":
        return _of_lines(sys.stdin.read().splitlines(), "standard input")
    if word.startswith("@"):
        try:
            lines = read_plain(Path(word[1:])).decode("utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(
                "list-file", f"{word[1:]} can't be read as a list ({error}): one image a line, UTF-8"
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
    """Read a list; names are relative to the folder that all its files share. A file that is missing is found out later."""
    lines = [line.strip() for line in lines if line.strip()]
    if not lines:
        raise UserError("list-file", f"{place} names no image: give one a line")
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
        raise UserError("option-value", f"{word} is no camera: give its number, camera:0 for the first")
    if found.kind == "link" and not word.startswith("https://"):
        raise UserError("download", f"{without_password(word)} is an image behind another link than https://: give one")
    return found
