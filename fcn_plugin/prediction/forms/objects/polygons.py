"""``polygons.json``: COCO's instances as :mod:`.coco` writes them, with polygons in place of RLE."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...outlines import Outline
from .coco import Coco


class Polygons(Coco):
    """One polygon for each object. COCO's polygons have no holes: a hole is joined to the outline by a seam without width."""

    folder, package = "polygons", ""

    def segmentation(self, outline: Outline, size: tuple[int, int]) -> list[list[int]]:
        """Return [[x, y, x, y, ...]] along pixel edges."""
        return [join_holes(outline.exterior, outline.holes).ravel().tolist()]


def join_holes(exterior: np.ndarray, holes: Sequence[np.ndarray]) -> np.ndarray:
    """Make one ring of a polygon and its holes, (K, 2) corners.

    The seam to a hole starts at its first corner, leads to the nearest corner of the ring so far, and is passed in both
    directions: programs that fill polygons by the even-odd rule, as pycocotools does, leave the hole out.
    """
    ring = exterior
    for hole in sorted(holes, key=lambda hole: hole[:, 0].min()):
        near = int(((ring - hole[0]) ** 2).sum(1).argmin())
        ring = np.concatenate([ring[: near + 1], hole, hole[:1], ring[near:]])
    return ring
