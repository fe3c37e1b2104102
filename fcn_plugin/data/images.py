"""Decode images and masks. No other module calls a decoder for them.

Images are loaded with OpenCV (BGR, upright), masks with Pillow, which keeps palette ids. Each decoder silently returns garbage for
some damaged files that the other refuses, so a file must pass both. TIFFs with alpha are also loaded with Pillow, since OpenCV
multiplies their colours by alpha. For other bands and depths see :mod:`.bands`.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import ExifTags, Image, TiffImagePlugin, UnidentifiedImageError

from ..atomic_write import read_plain
from ..errors import UserError
from .headers import Header, header_of, image_problems, is_tiff_with_alpha, width_height
from .masks.arrays import array_image
from .masks.wide_tiff import BITS, TIFF, wide_image
from .problems import Problem

# regardless of a file's suffix. Pillow knows some forty more and runs PostScript; MPO opens as JPEG
FORMATS = ("JPEG", "PNG", "BMP", "GIF", "PPM", "TIFF", "WEBP")
JPEG_END = b"\xff\xd9"
ASSOCIATED = 1  # TIFF's tag ExtraSamples: the stored colours are already multiplied by alpha
MOST = 2**30  # bytes of a file: Pillow's limit of pixels with three 16-bit channels


class UnreadableFile(UserError):
    """An ``image`` or ``mask`` that is missing, damaged, too deep or in an unknown format; see ``problem``."""

    def __init__(self, problem: Problem | str) -> None:
        if isinstance(problem, str):  # torch rebuilds a worker's error from the traceback text alone
            super().__init__(problem)
        else:
            super().__init__(problem.code, problem.message)
            self.problem = problem

    def __reduce__(self) -> tuple[Any, ...]:
        return UnreadableFile, (self.problem,)


def unreadable(path: str, what: str, error: Exception) -> UnreadableFile:
    """Convert a decoder's error of any class to one that names the file."""
    reason = getattr(error, "strerror", None) or str(error).replace(f" '{path}'", "") or type(error).__name__
    if isinstance(error, FileNotFoundError):
        reason = "no such file"
    elif isinstance(error, UnidentifiedImageError):
        reason = f"cannot identify image file: its format is not one of {', '.join(FORMATS)}"
    return UnreadableFile(Problem(f"{what}-unreadable", path, f"can't be read ({reason})"))


def missing_files(paths: Iterable[tuple[str, str | None]]) -> list[Problem]:
    """Find missing files among (``image`` or ``mask``, path); URLs and None are skipped.

    A mask may be a folder with a file for each label.
    """
    there = {"image": os.path.isfile, "mask": os.path.exists}
    gone = [(what, path) for what, path in paths if path and "://" not in path and not there[what](path)]
    return [unreadable(path, what, FileNotFoundError()).problem for what, path in gone]


def read_header(path: str, what: str = "image", content: bytes | None = None) -> Header:
    """Read the header of an ``image`` or ``mask``; raise UnreadableFile if it is missing, empty or not an image.

    ``content``: the file's bytes, if already read.
    """
    return _pillow(path, what, content)[0]


def open_image(path: str, what: str = "image", content: bytes | None = None) -> tuple[Header, Image.Image]:
    """Decode an ``image`` or ``mask`` with Pillow; arguments and errors as in :func:`read_header`."""
    return _pillow(path, what, content, lambda image: image.load())


def read_image(path: str) -> tuple[Header, np.ndarray]:
    """Read an image as training does, (H, W, 3) uint8 BGR, upright; raise UnreadableFile also for damage."""
    header = verify(path)
    for problem in image_problems(header):
        if problem.code == "image-depth":
            raise UnreadableFile(problem)
    pixels = decode_image(path)
    if pixels.shape[:2] != header.shown[::-1]:  # damaged EXIF data with another orientation
        raise unreadable(path, "image", ValueError(f"OpenCV decodes it to {width_height(pixels.shape[1::-1])}"))
    return header, pixels


def decode_image(path: str, content: bytes | None = None) -> np.ndarray:
    """Decode an image with unchanged colours, (H, W, 3) uint8 BGR, upright; raise UnreadableFile."""
    if is_tiff_with_alpha(read_header(path, "image", content)):
        image = open_image(path, "image", content)[1]
        tags = image.tag_v2 if isinstance(image, TiffImagePlugin.TiffImageFile) else {}
        if tags.get(ExifTags.Base.ExtraSamples) != (ASSOCIATED,):  # Pillow would divide by alpha
            return np.ascontiguousarray(np.asarray(image)[..., 2::-1])
    return _opencv(path, "image", cv2.IMREAD_COLOR, content)


def read_pages(path: str) -> Iterator[np.ndarray]:
    """Yield the pages of a TIFF, (H, W, 3) uint8 RGB; raise UnreadableFile for damage or more than 8 bits."""
    try:
        content = read_plain(Path(path), MOST)
    except OSError as error:
        raise unreadable(path, "image", error) from error
    for page in range(page_count(path, content)):
        headers: list[Header] = []

        def turn_to(image: Image.Image, page: int = page, headers: list[Header] = headers) -> None:
            image.seek(page)
            headers.append(header_of(image, f"{path}, page {page}"))
            image.load()

        _, image = _pillow(path, "image", content, turn_to)
        for problem in image_problems(headers[0]):
            if problem.code == "image-depth":
                raise UnreadableFile(problem)
        yield np.asarray(image.convert("RGB"))


def page_count(path: str, content: bytes | None = None) -> int:
    """Count the pages of a TIFF (``content``: its bytes, if already read); 1 for other images."""
    pages: list[int] = []
    _pillow(path, "image", content, lambda image: pages.append(getattr(image, "n_frames", 1)))
    return pages[0]


def read_mask(path: str) -> tuple[Header, Image.Image]:
    """Read a mask as training does; raise UnreadableFile also for damage."""
    return verify(path, "mask"), open_image(path, "mask")[1]


def verify(path: str, what: str = "image") -> Header:
    """Read a header; raise UnreadableFile also for damage that the loader would not notice."""
    header = _pillow(path, what, step=_verify)[0]
    if what == "mask" and header.format in ("PNG", "BMP"):  # Pillow reads missing rows as zeros
        _opencv(path, what, cv2.IMREAD_UNCHANGED)
    return header


def _verify(image: Image.Image) -> None:
    if image.format == "PNG":
        image.verify()  # checksums and the end
    elif image.format != "JPEG" or getattr(image, "fp", io.BytesIO()).getbuffer()[-2:] != JPEG_END:
        image.load()  # other data may follow a complete JPEG, such as a phone's motion photo


def _pillow(
    path: str, what: str, content: bytes | None = None, step: Callable[[Image.Image], object] | None = None
) -> tuple[Header, Image.Image]:
    try:
        if content is None and os.path.exists(path) and not os.path.isfile(path):
            raise OSError("not a regular file")  # opening a pipe would wait for ever
        if step and content is None:
            content = read_plain(
                Path(path), MOST
            )  # Pillow memory-maps some files, and the process crashes if a mapped file shrinks
        if what == "mask" and path.lower().endswith(".npy"):
            opened = array_image(read_plain(Path(path), MOST) if content is None else content)
        else:
            opened = Image.open(path if content is None else io.BytesIO(content), formats=FORMATS)
        with opened as image:
            header = header_of(image, path)
            if step:
                step(image)
            return header, image
    except Exception as error:  # Pillow has no common class for what files can do to it
        if what == "mask" and isinstance(error, UnidentifiedImageError):
            content = read_plain(Path(path), MOST) if content is None else content
            if content.startswith(TIFF):
                pixels = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
                if (wide := wide_image(pixels)) is not None:
                    return Header(path, wide.size, wide.mode, BITS, "TIFF", 1), wide
        raise unreadable(path, what, error) from error


def _opencv(path: str, what: str, flags: int, content: bytes | None = None) -> np.ndarray:
    try:
        level = cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)  # its messages name no file
        try:
            content = read_plain(Path(path), MOST) if content is None else content
            pixels = cv2.imdecode(np.frombuffer(content, np.uint8), flags)
        finally:
            cv2.utils.logging.setLogLevel(level)
    except Exception as error:
        raise unreadable(path, what, error) from error
    if pixels is None:
        header, image = open_image(path, what)  # its error says more, if it refuses the file too
        why = "it is damaged or of an unsupported kind"
        if header.format == "TIFF":
            why = f"unsupported TIFF compression {image.info.get('compression')!r}; use LZW or deflate"
        raise unreadable(path, what, ValueError(f"OpenCV can't decode it: {why}"))
    return pixels
