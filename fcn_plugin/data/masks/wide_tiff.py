"""Read masks in 64-bit TIFFs, as NumPy and GIS programs write them. OpenCV reads them, Pillow does not."""

from __future__ import annotations

import numpy as np
from PIL import Image

BITS = 64
TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")  # first bytes of a TIFF; + is BigTIFF
LARGEST = 2**31 - 1


def wide_image(pixels: np.ndarray | None) -> Image.Image | None:
    """Convert pixels decoded by OpenCV to an image of mode I, or F for floats; None for several channels or other depths.

    Integers are clipped to 32 bits; clipped values are not valid ids.
    """
    if pixels is None or pixels.ndim != 2 or pixels.dtype.itemsize != BITS // 8:
        return None
    if pixels.dtype.kind == "f":
        return Image.fromarray(pixels.astype(np.float32))
    return Image.fromarray(np.clip(pixels, -LARGEST if pixels.dtype.kind == "i" else 0, LARGEST).astype(np.int32))
