"""A perceptual hash of 64 bits that stands for an image: imagehash's ``phash``."""

from __future__ import annotations

from importlib.util import find_spec

import cv2
import numpy as np
from PIL import Image

INSTALLED = find_spec("imagehash") is not None
SIDE = 128  # pixels: what the hash sees is smaller still
FLATTEST = 2  # standard deviation of gray values, of 255; of plain areas the hash is noise


def look_of(pixels: np.ndarray) -> int | None:
    """Hash an image, (H, W, 3) uint8; None for a plain area, or without imagehash."""
    if not INSTALLED:
        return None
    import imagehash

    small = cv2.cvtColor(cv2.resize(pixels, (SIDE, SIDE), interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2GRAY)
    return None if small.std() < FLATTEST else int(str(imagehash.phash(Image.fromarray(small))), 16)
