"""Mean IU in bands around true boundaries.

Kohli, Ladicky and Torr, "Robust higher order potentials for enforcing label consistency", IJCV 2009; DeepLab (Chen et al., ICLR
2015), whose bands lie around the void of PASCAL VOC.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .maps import Maps, ratio


@dataclass(frozen=True)
class Trimap:
    """Count hits, true and predicted pixels of each class by their distance from the true boundaries.

    The band of width w holds all pixels less than w pixels (Euclidean) from a boundary pixel: w = 1 is one pixel on each side of a
    boundary.

    Args:
        width: widest band, in pixels; all widths from 1 are counted.
    """

    width: int = 20

    def shape(self, classes: int) -> tuple[int, ...]:
        """Return the shape of the counts: rings (the last is beyond the widest band); (hits, true, predicted); classes."""
        return self.width + 1, 3, classes

    def count(self, maps: Maps) -> np.ndarray:
        """Count one image."""
        ring = np.minimum(maps.depth, self.width).astype(np.int64) * (maps.classes + 1)
        sides = (self.width + 1, maps.classes + 1)
        ids = np.where(maps.hits, maps.truth, maps.classes), maps.truth, maps.guess
        counts = [np.bincount((ring + each).ravel(), minlength=sides[0] * sides[1]).reshape(sides) for each in ids]
        return np.stack(counts, axis=1)[..., : maps.classes]

    def scores(self, counts: np.ndarray) -> dict[str, np.ndarray]:
        """Compute IU of each band and class (width, C), and count true and missed pixels beyond the widest band (C,)."""
        hit, true, predicted = counts.cumsum(0).transpose(1, 0, 2)[:, :-1]
        inside = counts[-1, 1]
        missed = inside - counts[-1, 0]
        return {"trimap_IoU": ratio(hit, true + predicted - hit), "inside_pixels": inside, "inside_missed": missed}
