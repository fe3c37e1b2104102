"""IU by size and by thickness of the true objects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .maps import Maps, ratio


@dataclass(frozen=True)
class Objects:
    """Count the pixels of true objects grouped by size and by thickness.

    The size is the number of pixels. The thickness is twice the largest distance of a pixel of the object to its edge, where a
    boundary pixel has distance 1: a strip of w pixels has thickness w, or w + 1 if w is odd. A pixel wrongly predicted as a class
    counts for the nearest object of that class less than ``reach`` pixels away, if any.

    Args:
        sizes: largest size of each group except the last, in pixels.
        thicknesses: largest thickness of each group except the last, in pixels.
        reach: largest distance of a wrong pixel from its object, in pixels.
    """

    sizes: Sequence[float] = (256, 1024, 9216)
    thicknesses: Sequence[float] = (4, 8, 16, 32)
    reach: float = 20

    @property
    def groups(self) -> tuple[int, int]:
        """Number of groups by size and by thickness."""
        return len(self.sizes) + 1, len(self.thicknesses) + 1

    def shape(self, classes: int) -> tuple[int, ...]:
        """Return the shape of the counts: groups by size, then by thickness; (objects, pixels, hits, wrong); classes."""
        return sum(self.groups), 4, classes

    def count(self, maps: Maps) -> np.ndarray:
        """Count one image."""
        numbers, owners = maps.objects
        total = len(owners)
        depth = np.zeros(total)
        np.maximum.at(depth, numbers.ravel(), maps.depth.ravel())
        size, hit = (np.bincount(each.ravel(), minlength=total) for each in (numbers, numbers[maps.hits]))
        columns = np.stack([np.ones(total, np.int64), size, hit, self._wrong(maps)])
        group = np.digitize(size, self.sizes, right=True), np.digitize(2 * (depth + 1), self.thicknesses, right=True)
        counts = np.zeros((sum(self.groups), 4, maps.classes + 1), np.int64)
        for first, each in zip((0, self.groups[0]), group, strict=True):
            np.add.at(counts, (first + each[None], np.arange(4)[:, None], owners[None]), columns)
        return counts[..., : maps.classes]

    def _wrong(self, maps: Maps) -> np.ndarray:
        """Count the wrongly predicted pixels assigned to each object, (K + 1,)."""
        from scipy.spatial import KDTree

        numbers, owners = maps.objects
        where = maps.edges & maps.labelled
        tree, wrong = KDTree(maps.points(where, maps.truth)), maps.points(maps.labelled & ~maps.hits, maps.guess)
        nearest = tree.query(wrong, distance_upper_bound=self.reach)[1] if tree.n and len(wrong) else np.zeros(0, int)
        return np.bincount(numbers[where][nearest[nearest < tree.n]], minlength=len(owners))

    def scores(self, counts: np.ndarray) -> dict[str, np.ndarray]:
        """Compute the number of objects and the IU of each group and class, (groups, C)."""
        parts = np.split(counts, [self.groups[0]])
        found: dict[str, np.ndarray] = {}
        for name, (objects, pixels, hit, wrong) in zip(
            ("size", "thickness"), (p.swapaxes(0, 1) for p in parts), strict=True
        ):
            found |= {
                f"{name}_objects": objects,
                f"{name}_IoU": np.where(objects > 0, ratio(hit, pixels + wrong), np.nan),
            }
        return found
