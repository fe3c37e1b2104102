"""Read and check headers of images and masks without decoding pixels. Sizes are (W, H)."""

from __future__ import annotations

import os
import re
from typing import IO, NamedTuple

from PIL import ExifTags, Image, ImageFile, TiffImagePlugin, WebPImagePlugin

from .problems import Problem

MOST_CHUNKS = 100  # read of a WebP before its pixels; five kinds are known
QUARTER_TURNS = (5, 6, 7, 8)  # EXIF orientations that swap width and height
LOSSY = ("JPEG", "MPO", "lossy WEBP")
IDS = ("1", "L", "P", "I", "I;16", "I;16B", "I;16L", "F")  # modes with one number per pixel
WARNINGS = {"L": "gray", "1": "gray", "LA": "alpha", "RGBA": "alpha", "PA": "alpha", "CMYK": "cmyk", "P": "palette"}


class Header(NamedTuple):
    """The header of an image or mask file.

    Attributes:
        size: (W, H) as stored.
        mode: Pillow's mode; for files read in full depth, the type of the pixels.
        bits: bits per channel.
        format: Pillow's format, or ``lossy WEBP``.
        orientation: EXIF orientation; 1 is upright.
        bands: number of bands for files read in full depth (:mod:`.bands`), else 3.
        pages: number of pages.
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
        """Size after rotation by the EXIF orientation."""
        return self.size[::-1] if self.orientation in QUARTER_TURNS else self.size


def header_of(image: Image.Image, path: str) -> Header:
    """Read the header of an opened image whose pixels are not loaded yet."""
    # PNG's own getexif also looks for EXIF after the pixels, and decodes them all
    orientation = Image.Image.getexif(image).get(ExifTags.Base.Orientation, 1)
    if orientation not in range(1, 9):
        orientation = 1  # 0 is "undefined": no program rotates such an image
    # Pillow has already swapped a TIFF's size
    size = image.size[::-1] if image.format == "TIFF" and orientation in QUARTER_TURNS else image.size
    lossy = isinstance(image, WebPImagePlugin.WebPImageFile) and _is_lossy_webp(image.fp)
    kind = "lossy WEBP" if lossy else image.format or ""
    pages = getattr(image, "n_frames", 1) if image.format in ("TIFF", "GIF") else 1
    return Header(path, size, image.mode, _bits(image), kind, orientation, pages=pages)


def is_too_large(width: int, height: int) -> bool:
    """Return whether Pillow's ``open`` refuses an image of this size."""
    return Image.MAX_IMAGE_PIXELS is not None and width * height > 2 * Image.MAX_IMAGE_PIXELS


def large_header(path: str, verify: bool = False) -> Header | None:
    """Read the header of an image that Pillow's ``open`` refuses for its size; None if that fails.

    ``verify`` reads a PNG to its end, chunk by chunk, since GDAL reads missing rows as black.
    """
    Image.init()
    for name in ("PNG", "JPEG", "TIFF", "BMP"):
        try:
            with open(path, "rb") as file, Image.OPEN[name][0](file, path) as image:
                header = header_of(image, path)
                if verify and name == "PNG":
                    image.verify()
                return header
        except Exception:  # Pillow has no common error class for broken files
            continue
    return None


def image_problems(header: Header) -> list[Problem]:
    """Find a bit depth or channels that loading would change."""
    if header.bits > 8:
        return [Problem("image-depth", header.path, f"{header.bits} bits a channel")]
    kind = WARNINGS.get(header.mode)
    return [Problem(f"image-{kind}", header.path, f"mode {header.mode}")] if kind else []


def is_tiff_with_alpha(header: Header) -> bool:
    """Return whether a TIFF's fourth band is tagged as alpha; GIS programs tag near infrared so, too."""
    return header.format == "TIFF" and header.mode == "RGBA"


def page_problems(header: Header, what: str) -> list[Problem]:
    """Find an ``image`` or ``mask`` with several pages."""
    return [Problem(f"{what}-pages", header.path, f"{header.pages} pages")] if header.pages > 1 else []


def mask_problems(header: Header) -> list[Problem]:
    """Find a mask that can't hold ids."""
    if header.format in LOSSY:
        return [Problem("mask-lossy", header.path, f"a {header.format} file")]
    if header.mode not in IDS:
        return [Problem("mask-colours", header.path, f"mode {header.mode}, expected one id per pixel")]
    return []


def pair_problems(image: Header, mask: Header) -> list[Problem]:
    """Find different sizes, and EXIF rotations that the mask does not share."""
    found = f"EXIF orientation {image.orientation}, stored {width_height(image.size)}"
    turned = Problem("image-turned", image.path, found)
    if image.shown != mask.size:
        if image.size == mask.size:
            return [turned]
        found = f"{width_height(mask.size)}, its image {image.path} is {width_height(image.shown)}"
        return [Problem("mask-size", mask.path, found)]
    if image.orientation == 1:
        return []
    # if a quarter turn makes the sizes agree, the mask was rotated too; other rotations don't show in the sizes
    return [turned if image.size == image.shown else Problem("image-turned-with-mask", image.path, found)]


def width_height(size: tuple[int, int]) -> str:
    """Format a size: ``640 x 480``."""
    return f"{size[0]} x {size[1]}"


def _bits(image: Image.Image) -> int:
    """Return the file's bits per channel, since Pillow's mode hides the 16 bits of an RGB PNG or TIFF."""
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        bits = image.tag_v2.get(ExifTags.Base.BitsPerSample, (8,))
        return max(bits) if isinstance(bits, tuple) else bits
    if image.mode.startswith(("I", "F")):
        return 16 if image.mode.startswith("I;16") else 32
    raw = str(image.tile[0][3]) if isinstance(image, ImageFile.ImageFile) and image.tile else ""  # RGB;16B, L;2
    found = re.search(r";(16|[24]$)", raw)
    return int(found[1]) if found else 8


def _is_lossy_webp(file: IO[bytes] | None) -> bool:
    """Look for the first chunk of pixels in an open file: ``VP8L`` is lossless, ``VP8 `` is lossy."""
    if file is None:
        return False
    start = file.tell()
    file.seek(12)
    kind = b""
    for _ in range(MOST_CHUNKS):
        head = file.read(8)
        kind, size = head[:4], int.from_bytes(head[4:], "little")
        if kind in (b"VP8 ", b"VP8L", b""):
            break
        # a frame of an animation contains chunks after 16 bytes
        file.seek(16 if kind == b"ANMF" else size + size % 2, os.SEEK_CUR)
    file.seek(start)
    return kind == b"VP8 "
