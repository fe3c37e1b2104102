"""Read ids from the pixels of a mask file; used by training, the check and new data sets."""

from __future__ import annotations

import numpy as np
from PIL import Image

from ..class_map import describe_ids
from ..headers import Header
from ..images import UnreadableFile
from ..problems import Problem


def mask_ids(header: Header, image: Image.Image) -> np.ndarray:
    """Convert the pixels of a single-channel mask to the stored ids, (H, W) uint8, uint16 or int32.

    Whole numbers in float files are ids. Gray PNGs of 2 and 4 bits hold 0 .. 3 and 0 .. 15, which Pillow scales to 0 .. 255.

    Raises:
        UnreadableFile: mask-fractions: values that are fractions, NaN or too large.
    """
    mask = np.asarray(image)
    if mask.dtype == bool:
        return mask.astype(np.uint8)
    if header.bits in (2, 4) and header.mode == "L":
        return mask // np.uint8(255 // (2**header.bits - 1))
    if mask.dtype.kind != "f":
        return mask
    whole = (mask == np.rint(mask)) & (np.abs(mask) < 2**31)  # not for NaN
    if not whole.all():
        values, counts = np.unique(mask[~whole], return_counts=True)
        found = describe_ids([f"{value:.6g}" for value in values.tolist()], counts.tolist(), "value")
        raise UnreadableFile(Problem("mask-fractions", header.path, found))
    return mask.astype(np.int32)


def count_ids(ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Count the pixels of each id, (H, W) -> (K,) ids, ascending, and (K,) counts."""
    if ids.dtype.kind == "i":
        return np.unique(ids, return_counts=True)
    if ids.dtype == np.uint8:
        pixels = np.array(Image.fromarray(ids).histogram(), np.int64)  # bincount would use eight bytes per pixel
    else:
        pixels = np.bincount(ids.ravel())
    there = np.flatnonzero(pixels)
    return there, pixels[there]
