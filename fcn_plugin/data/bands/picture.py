"""Draw three bands of an image as red, green and blue."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

ENDS = (2, 98)  # percentiles of a band that become black and white
SAMPLES = 2**16  # pixels used to estimate them


def shown_bands(count: int, rgb: Sequence[int] | None = None) -> tuple[int, int, int]:
    """Return the bands, counted from 1, shown as red, green and blue: ``rgb``, else the first three, or the first as gray."""
    red, green, blue = rgb or ((1, 2, 3) if count >= 3 else (1, 1, 1))
    return red, green, blue


def draw_bands(pixels: np.ndarray, rgb: Sequence[int] | None = None) -> np.ndarray:
    """Convert (H, W, N) of any type to (H, W, 3) uint8 RGB.

    uint8 bands are unchanged. Each other band is stretched so that 2 % of its pixels become black and 2 % white. Pixels that are
    0 in all three bands (no data) stay black and are not counted.
    """
    picture = pixels[..., [band - 1 for band in shown_bands(pixels.shape[2], rgb)]]
    if picture.dtype == np.uint8:
        return np.ascontiguousarray(picture)
    there = np.logical_or.reduce(picture, axis=2)
    sample = picture[there][:: max(1, int(there.sum()) // SAMPLES)].astype(np.float32)
    if not len(sample):
        return np.zeros(picture.shape, np.uint8)
    low, high = np.percentile(sample, ENDS, axis=0).astype(np.float32)
    scaled = (picture.astype(np.float32) - low) / np.maximum(high - low, np.finfo(np.float32).tiny)
    return np.where(there[..., None], np.round(255 * scaled.clip(0, 1)), 0).astype(np.uint8)
