"""What the headers of an image and a mask tell, without decoding a pixel. Sizes are (W, H)."""

from __future__ import annotations

import os
import re
from typing import BinaryIO, NamedTuple

from PIL import ExifTags, Image

from .problems import Problem

MOST_CHUNKS = 100  # of a WebP before its pixels: five are known
QUARTER_TURNS = (5, 6, 7, 8)  # EXIF orientations that swap width and height
LOSSY = ("JPEG", "MPO", "lossy WEBP")
IDS = ("1", "L", "P", "I", "I;16", "I;16B", "I;16L", "F")  # modes of one number a pixel
WARNINGS = {"L": "gray", "1": "gray", "LA": "alpha", "RGBA": "alpha", "PA": "alpha", "CMYK": "cmyk", "P": "palette"}


class Header(NamedTuple):
    """What a file is.

    Attributes:
        size: as stored.
        mode: Pillow's; of a file that is read in full depth, the type of its pixels.
        bits: of a channel.
        format: Pillow's, or ``lossy WEBP``.
        orientation: EXIF's, 1 is upright.
        bands: of a file that is read in full depth (:mod:`.bands`), else 3: grey and palettes become colours.
        pages: in the file.
    """

    path: str
    size: tuple[int, int]
    mode: str
    bits: int
    format: str
    orientation: int
    bands: int = 3
    pages: int = 1

    @property
    def shown(self) -> tuple[int, int]:
        """Size after the turn that EXIF asks for."""
        return self.size[::-1] if self.orientation in QUARTER_TURNS else self.size


def header_of(image: Image.Image, path: str) -> Header:
    """Read the header of an opened image whose pixels are not loaded yet."""
    # PNG's own getexif looks for EXIF behind the pixels too, and decodes them all
    orientation = Image.Image.getexif(image).get(ExifTags.Base.Orientation, 1)
    if orientation not in range(1, 9):
        orientation = 1  # 0 is "undefined": no program turns such an image
    # Pillow has turned a TIFF's size already
    size = image.size[::-1] if image.format == "TIFF" and orientation in QUARTER_TURNS else image.size
    kind = "lossy WEBP" if image.format == "WEBP" and _is_lossy_webp(image.fp) else image.format or ""
    pages = image.n_frames if image.format in ("TIFF", "GIF") else 1
    return Header(path, size, image.mode, _bits(image), kind, orientation, pages=pages)


def large_header(path: str, verify: bool = False) -> Header | None:
    """Read the header of an image that Pillow's ``open`` refuses for its size; None where there is none.

    ``verify`` reads a PNG to its end, chunk by chunk: GDAL takes missing rows for black ones.
    """
    Image.init()
    for name in ("PNG", "JPEG", "TIFF", "BMP"):
        try:
            with open(path, "rb") as file, Image.OPEN[name][0](file, path) as image:
                header = header_of(image, path)
                if verify and name == "PNG":
                    image.verify()
                return header
        except Exception:  # Pillow has no common class for what files can do to it
            continue
    return None


def image_problems(header: Header) -> list[Problem]:
    """Find a depth or channels that loading changes."""
    if header.bits > 8:
        return [Problem("image-depth", header.path, f"{header.bits} bits a channel")]
    kind = WARNINGS.get(header.mode)
    return [Problem(f"image-{kind}", header.path, f"mode {header.mode}")] if kind else []


def is_tiff_with_alpha(header: Header) -> bool:
    """Whether it is a TIFF whose fourth band says that it is alpha, as programs for maps write near infrared too."""
    return header.format == "TIFF" and header.mode == "RGBA"


def page_problems(header: Header, what: str) -> list[Problem]:
    """Find several pages in the file of an ``image`` or ``mask``."""
    return [Problem(f"{what}-pages", header.path, f"{header.pages} pages")] if header.pages > 1 else []


def mask_problems(header: Header) -> list[Problem]:
    """Find masks that hold no ids."""
    if header.format in LOSSY:
        return [Problem("mask-lossy", header.path, f"a {header.format} file")]
    if header.mode not in IDS:
        return [Problem("mask-colours", header.path, f"mode {header.mode}, one id per pixel is meant")]
    return []


def pair_problems(image: Header, mask: Header) -> list[Problem]:
    """Find sizes that differ, and turns that the mask does not share."""
    found = f"EXIF orientation {image.orientation}, stored {width_height(image.size)}"
    turned = Problem("image-turned", image.path, found)
    if image.shown != mask.size:
        if image.size == mask.size:
            return [turned]
        found = f"{width_height(mask.size)}, its image {image.path} is {width_height(image.shown)}"
        return [Problem("mask-size", mask.path, found)]
    if image.orientation == 1:
        return []
    # a quarter turn that makes the sizes agree was made for the mask too; other turns leave no trace in the sizes
    return [turned if image.size == image.shown else Problem("image-turned-with-mask", image.path, found)]


def width_height(size: tuple[int, int]) -> str:
    """``640 x 480``."""
    return f"{size[0]} x {size[1]}"


def _bits(image: Image.Image) -> int:
    """Bits per channel in the file: Pillow's mode hides the 16 bits of an RGB PNG or TIFF."""
    if image.format == "TIFF":
        bits = image.tag_v2.get(ExifTags.Base.BitsPerSample, (8,))
        return max(bits) if isinstance(bits, tuple) else bits
    if image.mode.startswith(("I", "F")):
        return 16 if image.mode.startswith("I;16") else 32
    raw = str(image.tile[0][3]) if image.tile else ""  # RGB;16B, L;2
    found = re.search(r";(16|[24]$)", raw)
    return int(found[1]) if found else 8


def _is_lossy_webp(file: BinaryIO) -> bool:
    """Tell it by the first chunk of pixels: ``VP8L`` is lossless, ``VP8 `` is not."""
    start = file.tell()
    file.seek(12)
    kind = b""
    for _ in range(MOST_CHUNKS):
        head = file.read(8)
        kind, size = head[:4], int.from_bytes(head[4:], "little")
        if kind in (b"VP8 ", b"VP8L", b""):
            break
        # a frame of a film holds chunks of its own, after 16 bytes
        file.seek(16 if kind == b"ANMF" else size + size % 2, os.SEEK_CUR)
    file.seek(start)
    return kind == b"VP8 "
