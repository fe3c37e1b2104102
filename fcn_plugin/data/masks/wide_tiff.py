"""TIFFs of 64 bits a pixel, as NumPy and GIS programs write them: Pillow does not know them."""

from __future__ import annotations

import cv2
import numpy as np
from PIL import Image

BITS = 64
LARGEST = 2**31 - 1


def read_wide_tiff(content: bytes) -> Image.Image | None:
    """Decode a TIFF of one channel of 64-bit numbers as an image of mode I, or F where they are floats; None for other files.

    Numbers beyond 32 bits become the largest or smallest ones, which are no ids either.
    """
    if content[:4] not in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return None
    pixels = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None or pixels.ndim != 2 or pixels.dtype.itemsize != BITS // 8:
        return None
    if pixels.dtype.kind == "f":
        return Image.fromarray(pixels.astype(np.float32))
    return Image.fromarray(np.clip(pixels, -LARGEST if pixels.dtype.kind == "i" else 0, LARGEST).astype(np.int32))
