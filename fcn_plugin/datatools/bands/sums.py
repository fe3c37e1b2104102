"""Mean and standard deviation of each band over many images."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np


@dataclass(frozen=True)
class BandSums:
    """Sums over pixels.

    Attributes:
        kind: type of the pixels.
        count: number of pixels.
        sums: (N,) sums of each band.
        squares: (N,) sums of squares of each band.
    """

    kind: str
    count: int
    sums: np.ndarray
    squares: np.ndarray

    @classmethod
    def of(cls, pixels: np.ndarray, without_zeros: bool = False) -> BandSums:
        """Sum (H, W, N) pixels; ``without_zeros`` ignores pixels that are 0 in every band (no data)."""
        mask = np.logical_or.reduce(pixels, axis=2).astype(np.uint8) if without_zeros else None
        count = pixels.shape[0] * pixels.shape[1] if mask is None else int(mask.sum())
        if not count:
            return cls(pixels.dtype.name, 0, *np.zeros((2, pixels.shape[2])))
        bands = [pixels] if pixels.shape[2] <= 4 else np.moveaxis(pixels, 2, 0)  # OpenCV takes up to four channels
        found = [cv2.meanStdDev(np.ascontiguousarray(band), mask=mask) for band in bands]
        mean, std = (np.concatenate([pair[i] for pair in found]).ravel() for i in (0, 1))
        return cls(pixels.dtype.name, count, count * mean, count * (std**2 + mean**2))

    @property
    def bands(self) -> int:
        """Number of bands."""
        return len(self.sums)

    def is_like(self, other: BandSums) -> bool:
        """Return whether both have the same number of bands and the same type."""
        return (self.bands, self.kind) == (other.bands, other.kind)

    def __str__(self) -> str:
        return f"{self.bands} band{'s' if self.bands > 1 else ''} of {self.kind}"

    def mean(self) -> list[float]:
        """Return (N,) means, to five digits."""
        return [float(f"{value:.5g}") for value in self.sums / max(1, self.count)]

    def std(self) -> list[float]:
        """Return (N,) standard deviations, to five digits; 1 for a constant band."""
        variance = self.squares / max(1, self.count) - (self.sums / max(1, self.count)) ** 2
        least = 1e-14 * self.squares / max(1, self.count)  # rounding error
        return [float(f"{np.sqrt(v):.5g}") if v > at else 1.0 for v, at in zip(variance, least, strict=True)]


def add_sums(parts: Iterable[BandSums]) -> BandSums | None:
    """Add sums of images with the same bands; None if there are none."""
    total: BandSums | None = None
    for part in parts:
        both = total and (total.count + part.count, total.sums + part.sums, total.squares + part.squares)
        total = BandSums(part.kind, *both) if both else part
    return total
