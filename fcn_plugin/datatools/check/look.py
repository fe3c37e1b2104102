"""Compute a 64-bit perceptual hash of an image: imagehash's ``phash``."""

from __future__ import annotations

from importlib.util import find_spec

import cv2
import numpy as np
from PIL import Image

INSTALLED = find_spec("imagehash") is not None
SIDE = 128  # pixels; the hash uses an even smaller image
FLATTEST = 2  # smallest standard deviation of gray values 0..255; the hash of flatter images is noise


def look_of(pixels: np.ndarray) -> int | None:
    """Hash an image, (H, W, 3) uint8; None if it is uniform or imagehash is missing."""
    if not INSTALLED:
        return None
    import imagehash

    small = cv2.cvtColor(cv2.resize(pixels, (SIDE, SIDE), interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2GRAY)
    return None if small.std() < FLATTEST else int(str(imagehash.phash(Image.fromarray(small))), 16)
