"""Small images and masks of every accepted format, and seeded damage to them."""

import io
import random
import struct
import zlib

import numpy as np
from PIL import Image

SIZE = (20, 24)  # W, H
ORIENTATION = 0x0112  # EXIF tag


def encoded(image, format, **options):
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def exif(orientation):
    found = Image.Exif()
    found[ORIENTATION] = orientation
    return found


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_of_rows(rows, width=SIZE[0], height=SIZE[1]):
    """A gray PNG with right checksums whose pixels end after ``rows``; of ids 1."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    pixels = chunk(b"IDAT", zlib.compress(rows * (b"\0" + b"\1" * width)))
    return b"\x89PNG\r\n\x1a\n" + header + pixels + chunk(b"IEND", b"")


BOMB = png_of_rows(0, 60000, 60000)
DDS = (
    b"DDS "
    + struct.pack("<7I", 124, 0x1007, 64, 64, 256, 0, 0)
    + bytes(44)
    + struct.pack("<4I", 32, 0x4000, 0, 32)
    + bytes(36)
)
EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 64 64\n%%EndComments\n(/etc/passwd) (r) file\n%%EOF\n"


def changed_byte(png):
    """A PNG with one other byte among its pixels."""
    place = png.index(b"IDAT") + 4 + 6
    return png[:place] + bytes([png[place] ^ 0x5A]) + png[place + 1 :]


_ids = np.add.outer(np.arange(SIZE[1]), np.arange(SIZE[0])) * 3
_gray = Image.fromarray(_ids.astype(np.uint8))
_rgb = Image.merge("RGB", [_gray, _gray.point(lambda v: 255 - v), _gray])
_palette, _bits, _cmyk = _rgb.convert("P"), _gray.convert("1"), _rgb.convert("CMYK")

IMAGES = [
    *(encoded(_rgb, format) for format in ("PNG", "JPEG", "BMP", "GIF", "PPM", "TIFF", "WEBP")),
    *(encoded(_rgb, "TIFF", compression=c) for c in ("tiff_lzw", "tiff_deflate", "jpeg", "packbits")),
    *(encoded(_rgb, format, exif=exif(6)) for format in ("PNG", "JPEG", "TIFF", "WEBP")),
    *(encoded(_palette, format) for format in ("PNG", "BMP")),
    *(encoded(_cmyk, format) for format in ("JPEG", "TIFF")),
    *(encoded(_rgb.convert("RGBA"), format) for format in ("PNG", "WEBP")),
    encoded(_rgb, "JPEG", progressive=True),
    encoded(_rgb, "WEBP", lossless=True),
]
MASKS = [
    *(encoded(_gray, format) for format in ("PNG", "BMP", "GIF", "PPM", "TIFF")),
    *(encoded(_palette, format) for format in ("PNG", "BMP", "TIFF")),
    *(encoded(_bits, format) for format in ("PNG", "BMP")),
    *(encoded(_gray, "TIFF", compression=c) for c in ("tiff_lzw", "tiff_deflate", "packbits")),
    encoded(Image.fromarray(_ids.astype(np.uint16) + 256), "PNG"),
    encoded(Image.fromarray(_ids.astype(np.int32)), "TIFF"),
    encoded(_bits, "TIFF", compression="group4"),
]


def damage(raw: bytes, others: list[bytes], draw: random.Random) -> bytes:
    """Change bytes, cut, take out, write a number over a size, or go on with the end of another file."""
    found, place = bytearray(raw), draw.randrange(len(raw))
    kind = draw.choice(("byte", "bytes", "cut", "hole", "header", "number", "splice"))
    if kind in ("byte", "bytes"):
        for _ in range(1 if kind == "byte" else 4):
            found[draw.randrange(len(raw))] ^= draw.randrange(1, 256)
    elif kind == "cut":
        del found[place:]
    elif kind == "hole":
        del found[place : place + draw.randrange(1, 40)]
    elif kind == "header":
        found[place % 64 % len(raw)] = draw.choice((0, 1, 127, 128, 255))
    elif kind == "number":
        found[place : place + 4] = struct.pack(
            draw.choice("<>") + "I", draw.choice((0, 1, 2**31 - 1, 2**32 - 1, len(raw)))
        )
    else:
        other = draw.choice(others)
        found[place:] = other[draw.randrange(len(other)) :]
    return bytes(found)
