"""NumPy files as masks."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image


def array_image(content: bytes) -> Image.Image:
    """Take the whole numbers, (H, W), of a NumPy file as an image of mode I; raises ValueError for others. Runs no code."""
    values = np.load(io.BytesIO(content), allow_pickle=False)
    with np.errstate(invalid="ignore"):
        ids = values.astype(np.int32)
    if ids.ndim != 2 or not ids.size or (ids != values).any():
        raise ValueError(f"it holds {values.dtype} of shape {values.shape}, wanted are whole numbers of shape (H, W)")
    image = Image.fromarray(ids)
    image.format = "NPY"
    return image
