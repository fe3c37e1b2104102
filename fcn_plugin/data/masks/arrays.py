"""NumPy files as masks."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from .wide_tiff import LARGEST


def array_image(content: bytes) -> Image.Image:
    """Convert a NumPy file of (H, W) numbers to an image of mode I, or F for floats; raise ValueError. Runs no code.

    Integers are clipped to 32 bits; clipped values are not valid ids.
    """
    values = np.load(io.BytesIO(content), allow_pickle=False)
    if values.ndim != 2 or not values.size or values.dtype.kind not in "buif":
        raise ValueError(f"it holds {values.dtype} of shape {values.shape}, expected numbers of shape (H, W)")
    if values.dtype.kind == "f":
        image = Image.fromarray(values.astype(np.float32))
    else:
        image = Image.fromarray(np.clip(values.astype(np.int64), -LARGEST, LARGEST).astype(np.int32))
    image.format = "NPY"
    return image
