"""What an image's and a mask's header tell, without reading a pixel."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from .problems import Problem

IMAGE_SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp", ".ppm"}
EXIF_ORIENTATION = 0x0112
TIFF_BITS = 258
TURNS = range(2, 9)
QUARTER_TURNS = (5, 6, 7, 8)  # width and height change places
TAILS = {"JPEG": b"\xff\xd9", "PNG": b"IEND\xaeB`\x82"}  # how whole files end
LOSSY = ("JPEG", "MPO", "JPEG2000")


class UnreadableFile(Exception):
    """A file that is missing or no image; ``problem`` says which."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


@dataclass(frozen=True)
class Header:
    """Attributes: ``size``, (W, H) as stored; ``mode``, Pillow's; ``bits`` a channel; ``orientation``, EXIF's, 1 is upright."""

    path: str
    size: tuple[int, int]
    mode: str
    bits: int
    format: str
    orientation: int

    @property
    def shown(self) -> tuple[int, int]:
        """(W, H) after the turn that EXIF asks for."""
        return self.size[::-1] if self.orientation in QUARTER_TURNS else self.size


def read_header(path: str, what: str = "image") -> Header:
    """The header of an image or mask.

    Args:
        path: the file.
        what: ``image`` or ``mask``.

    Raises:
        UnreadableFile: missing, empty, or no image.
    """
    try:
        with Image.open(path) as image:
            return header_of(image, path)
    except Exception as error:  # Pillow has no common class for what files can be
        raise unreadable(path, what, error) from error


def require_whole(header: Header, what: str = "image") -> None:
    """Refuse a file that was cut short: OpenCV decodes what is there and says nothing.

    Raises:
        UnreadableFile: the pixels end before they should.
    """
    tail = TAILS.get(header.format)
    if tail and _end(header.path, len(tail)) == tail:
        return
    try:
        with Image.open(header.path) as image:  # something may follow a whole image: a phone's film, a stray byte
            image.load()
    except Exception as error:
        raise unreadable(header.path, what, error) from error
    require_end(header, what)


def require_end(header: Header, what: str = "image") -> None:
    """Refuse a file that lacks its last bytes: Pillow has no need of them, OpenCV decodes nothing without.

    Raises:
        UnreadableFile: a PNG without its end, a BMP shorter than it says.
    """
    missing = False
    if header.format == "PNG" and _end(header.path, len(TAILS["PNG"])) != TAILS["PNG"]:
        missing = TAILS["PNG"] not in Path(header.path).read_bytes()
    elif header.format == "BMP":
        with open(header.path, "rb") as file:
            missing = os.fstat(file.fileno()).st_size < int.from_bytes(file.read(6)[2:], "little")
    if missing:
        raise unreadable(header.path, what, EOFError("its end is missing"))


def _end(path: str, count: int) -> bytes:
    with open(path, "rb") as file:
        file.seek(-min(count, os.fstat(file.fileno()).st_size), os.SEEK_END)
        return file.read()


def unreadable(path: str, what: str, error: Exception) -> UnreadableFile:
    """The problem of a file that Pillow gave up on."""
    reason = (isinstance(error, OSError) and error.strerror) or str(error).replace(f" '{path}'", "")
    if isinstance(error, FileNotFoundError):
        reason = "no such file"
    elif isinstance(error, Image.DecompressionBombError):
        reason = f"more than {2 * Image.MAX_IMAGE_PIXELS} pixels: cut it into tiles"
    return UnreadableFile(Problem(f"unreadable {what}", path, f"can't be read ({reason})"))


def header_of(image: Image.Image, path: str) -> Header:
    """The header of an opened image whose pixels are not loaded yet."""
    # PNG's own getexif looks for EXIF behind the pixels too, and decodes them all
    orientation = Image.Image.getexif(image).get(EXIF_ORIENTATION, 1)
    if orientation not in TURNS:
        orientation = 1  # 0 is "undefined": no program turns such an image
    size = image.size
    if image.format == "TIFF" and orientation in QUARTER_TURNS:
        size = size[::-1]  # Pillow has turned a TIFF's already
    return Header(path, size, image.mode, _bits(image), image.format or "", orientation)


def image_problems(header: Header) -> list[Problem]:
    """Depth and channels that loading changes."""
    if header.bits > 8:
        return [Problem("deep image", header.path, f"{header.bits} bits a channel")]
    kinds = {"L": "gray", "1": "gray", "LA": "alpha", "RGBA": "alpha", "PA": "alpha", "CMYK": "CMYK", "P": "palette"}
    kind = kinds.get(header.mode)
    return [Problem(f"{kind} image", header.path, f"mode {header.mode}")] if kind else []


def mask_problems(header: Header) -> list[Problem]:
    """Masks that hold no ids."""
    if header.mode not in ("1", "L", "P", "I", "I;16", "I;16B", "I;16L"):
        return [Problem("colour mask", header.path, f"mode {header.mode}, one id per pixel is meant")]
    if header.format in LOSSY:
        return [Problem("lossy mask", header.path, f"a {header.format} file")]
    return []


def pair_problems(image: Header, mask: Header) -> list[Problem]:
    """Sizes that differ, and turns that the mask does not share."""
    if image.shown != mask.size:
        if image.size == mask.size:
            return [_turned("turned image", image)]
        return [
            Problem("size mismatch", mask.path, f"{_size(mask.size)}, its image {image.path} is {_size(image.shown)}")
        ]
    if image.orientation == 1:
        return []
    # a quarter turn that makes the sizes agree was made for the mask too; of others nothing can be told
    return [_turned("turned with its mask" if image.size != image.shown else "turned image", image)]


def _turned(kind: str, image: Header) -> Problem:
    return Problem(kind, image.path, f"EXIF orientation {image.orientation}, stored {_size(image.size)}")


def _size(size: tuple[int, int]) -> str:
    return f"{size[0]} x {size[1]}"


def _bits(image: Image.Image) -> int:
    """Bits a channel in the file: Pillow's mode hides the 16 bits of an RGB PNG or TIFF."""
    if image.format == "TIFF":
        bits = image.tag_v2.get(TIFF_BITS, (8,))
        return max(bits) if isinstance(bits, tuple) else bits
    if image.mode.startswith(("I", "F")):
        return 16 if image.mode.startswith("I;16") else 32
    raw = str(image.tile[0][3]) if image.tile else ""  # RGB;16B
    return 16 if ";16" in raw else 8
