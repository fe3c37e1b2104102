"""Ids in the pixels of a mask file, whatever numbers it stores: one reader for training, the check and new data sets."""

from __future__ import annotations

import numpy as np
from PIL import Image

from ..class_map import describe_ids
from ..headers import Header
from ..images import UnreadableFile
from ..problems import Problem


def mask_ids(header: Header, image: Image.Image) -> np.ndarray:
    """Convert the pixels of a mask of one channel to ids, (H, W) uint8, uint16 or int32, as they are stored.

    Whole numbers of float files are ids. Gray PNGs of 2 and 4 bits hold 0 .. 3 and 0 .. 15, which Pillow spreads over 0 .. 255
    as brightness.

    Raises:
        UnreadableFile: mask-fractions: numbers that are not whole, NaN, or none that an integer holds.
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
        pixels = np.array(Image.fromarray(ids).histogram(), np.int64)  # no eight bytes a pixel
    else:
        pixels = np.bincount(ids.ravel())
    there = np.flatnonzero(pixels)
    return there, pixels[there]
