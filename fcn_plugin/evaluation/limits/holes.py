"""Count holes: wrong pieces inside an object."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from .maps import Maps, band, tally


@dataclass(frozen=True)
class Holes:
    """Count holes and their pixels by the true class.

    A hole is an 8-connected piece of wrong pixels that touches neither another true id (including void) nor the image border, so
    that right pixels of its object surround it.
    """

    def shape(self, classes: int) -> tuple[int, ...]:
        """Return the shape of the counts: (holes, their pixels, true pixels), classes."""
        return 3, classes

    def count(self, maps: Maps) -> np.ndarray:
        """Count one image."""
        wrong = maps.labelled & ~maps.hits
        total, pieces = cv2.connectedComponents(np.uint8(wrong), connectivity=8)
        is_hole = np.ones(total, bool)
        is_hole[pieces[band(maps.truth, 1, maps.classes + 1)]] = False
        is_hole[0] = False
        owner = np.zeros(total, np.int64)
        owner[pieces[wrong]] = maps.truth[wrong]  # a hole lies in one class
        ids = owner[is_hole], maps.truth[is_hole[pieces]], maps.truth
        return np.stack([tally(each, maps.classes) for each in ids])

    def scores(self, counts: np.ndarray) -> dict[str, np.ndarray]:
        """Return the number of holes, of pixels in them and of true pixels, (C,) each."""
        return dict(zip(("holes", "hole_pixels", "pixels"), counts, strict=True))
