"""Open images and masks: no other module hands such a file to a decoder.

There are two decoders. Training loads images with OpenCV (BGR, upright), and masks with Pillow, which keeps the ids of a palette.
Each of them passes some files that the other refuses as damaged, and returns garbage: a file has to pass both.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, UnidentifiedImageError

from ..atomic_write import read_plain
from ..errors import UserError
from .headers import Header, header_of, image_problems, width_height
from .problems import Problem

IMAGE_SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp", ".ppm"}
# whatever a file's name: Pillow knows some forty more, and runs PostScript; phones' MPO is opened as JPEG
FORMATS = ("JPEG", "PNG", "BMP", "GIF", "PPM", "TIFF", "WEBP")
JPEG_END = b"\xff\xd9"
MOST = 2**30  # bytes of a file: the most pixels that Pillow takes, with three 16-bit channels


class UnreadableFile(UserError):
    """An ``image`` or ``mask`` that a decoder refuses: missing, damaged, of another format or too deep; ``problem`` says which."""

    def __init__(self, problem: Problem | str) -> None:
        if isinstance(problem, str):  # torch rebuilds an error of a data loader's worker from its traceback alone
            super().__init__(problem)
        else:
            super().__init__(problem.code, problem.message)
            self.problem = problem

    def __reduce__(self) -> tuple:
        return UnreadableFile, (self.problem,)


def unreadable(path: str, what: str, error: Exception) -> UnreadableFile:
    """Name the file in the error of a decoder, whatever its class."""
    reason = getattr(error, "strerror", None) or str(error).replace(f" '{path}'", "") or type(error).__name__
    if isinstance(error, FileNotFoundError):
        reason = "no such file"
    elif isinstance(error, UnidentifiedImageError):
        reason = f"cannot identify image file: it is none of {', '.join(FORMATS)}"
    return UnreadableFile(Problem(f"{what}-unreadable", path, f"can't be read ({reason})"))


def files_below(folder: str | Path, suffixes: Iterable[str], leave_out: Path | None = None) -> list[str]:
    """List visible files below a folder, sorted, links followed: each real folder once, and without a link where there is a way.

    Args:
        suffixes: of the files, in any case.
        leave_out: a folder that is not entered, unless it is ``folder`` itself.
    """
    endings, found, starts, seen = tuple(map(str.lower, suffixes)), [], [os.fspath(folder)], set()
    if leave_out and leave_out.exists() and not os.path.samefile(folder, leave_out):
        seen.add(_identity(leave_out))
    for start in starts:
        for root, folders, names in os.walk(start):
            if (place := _identity(root)) in seen:
                folders.clear()
                continue
            seen.add(place)
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            starts += filter(os.path.islink, (os.path.join(root, name) for name in folders))
            visible = (name for name in names if not name.startswith(".") and name.lower().endswith(endings))
            found += (os.path.join(root, name) for name in visible)
    return sorted(found)


def _identity(folder: str | Path) -> tuple[int, int]:
    found = os.stat(folder)
    return found.st_dev, found.st_ino


def missing_files(paths: Iterable[tuple[str, str | None]]) -> list[Problem]:
    """Find those of (``image`` or ``mask``, path) that are not there; links and None are not looked up.

    A mask may be a folder, of a picture for each label.
    """
    there = {"image": os.path.isfile, "mask": os.path.exists}
    gone = [(what, path) for what, path in paths if path and "://" not in path and not there[what](path)]
    return [unreadable(path, what, FileNotFoundError()).problem for what, path in gone]


def read_header(path: str, what: str = "image", content: bytes | None = None) -> Header:
    """Read the header of an ``image`` or ``mask``; raises UnreadableFile where it is missing, empty, or no image.

    ``content`` of the file, where it was read already.
    """
    return _pillow(path, what, content)[0]


def open_image(path: str, what: str = "image", content: bytes | None = None) -> tuple[Header, Image.Image]:
    """Decode an ``image`` or ``mask`` with Pillow; as :func:`read_header`."""
    return _pillow(path, what, content, lambda image: image.load())


def read_image(path: str) -> tuple[Header, np.ndarray]:
    """Read an image as training loads it, (H, W, 3) uint8 BGR, upright; raises UnreadableFile also where it is damaged."""
    header = verify(path)
    for problem in image_problems(header):
        if problem.code == "image-depth":
            raise UnreadableFile(problem)
    pixels = _opencv(path, "image", cv2.IMREAD_COLOR)
    if pixels.shape[:2] != header.shown[::-1]:  # another turn in a damaged EXIF part
        raise unreadable(path, "image", ValueError(f"OpenCV decodes it to {width_height(pixels.shape[1::-1])}"))
    return header, pixels


def read_pages(path: str) -> Iterator[np.ndarray]:
    """Yield the pages of a TIFF, (H, W, 3) uint8 RGB; raises UnreadableFile for a damaged one, or one of more than 8 bits."""
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
    """Count the pages of a TIFF, whose ``content`` may be read already; 1 for other images."""
    pages: list[int] = []
    _pillow(path, "image", content, lambda image: pages.append(getattr(image, "n_frames", 1)))
    return pages[0]


def read_mask(path: str) -> tuple[Header, Image.Image]:
    """Read a mask as training loads it; raises UnreadableFile also where it is damaged."""
    return verify(path, "mask"), open_image(path, "mask")[1]


def verify(path: str, what: str = "image") -> Header:
    """Read a header; raises UnreadableFile also for damage that the loader of an ``image`` or ``mask`` passes."""
    header = _pillow(path, what, step=_verify)[0]
    if what == "mask" and header.format in ("PNG", "BMP"):  # Pillow takes missing rows for zeros
        _opencv(path, what, cv2.IMREAD_UNCHANGED)
    return header


def _verify(image: Image.Image) -> None:
    if image.format == "PNG":
        image.verify()  # checksums and the end
    elif image.format != "JPEG" or image.fp.getbuffer()[-2:] != JPEG_END:
        image.load()  # bytes may follow a complete JPEG, such as a phone's film


def _pillow(
    path: str, what: str, content: bytes | None = None, step: Callable[[Image.Image], object] | None = None
) -> tuple[Header, Image.Image]:
    try:
        if content is None and os.path.exists(path) and not os.path.isfile(path):
            raise OSError("not a regular file")  # opening a pipe would wait for ever
        if step and content is None:
            content = read_plain(
                Path(path), MOST
            )  # Pillow maps some files into memory, and a mapped one that shrinks kills
        with Image.open(path if content is None else io.BytesIO(content), formats=FORMATS) as image:
            header = header_of(image, path)
            if step:
                step(image)
            return header, image
    except Exception as error:  # Pillow has no common class for what files can do to it
        raise unreadable(path, what, error) from error


def _opencv(path: str, what: str, flags: int) -> np.ndarray:
    try:
        pixels = cv2.imdecode(np.frombuffer(read_plain(Path(path), MOST), np.uint8), flags)
    except Exception as error:
        raise unreadable(path, what, error) from error
    if pixels is None:
        open_image(path, what)  # has more to say, where it refuses too
        raise unreadable(path, what, ValueError("OpenCV can't decode it: it is damaged, or of a rare kind"))
    return pixels
