"""Write ``polygons.json``: COCO instances like :mod:`.coco`, with polygons instead of RLE."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...outlines import Outline
from .coco import Coco


class Polygons(Coco):
    """One polygon per object. COCO's polygons have no holes, so a hole is joined to the outline by a seam of zero width."""

    folder, package = "polygons", ""

    def segmentation(self, outline: Outline, size: tuple[int, int]) -> list[list[int]]:
        """Return [[x, y, x, y, ...]] along pixel edges."""
        return [join_holes(outline.exterior, outline.holes).ravel().tolist()]


def join_holes(exterior: np.ndarray, holes: Sequence[np.ndarray]) -> np.ndarray:
    """Make one ring of a polygon and its holes, (K, 2) corners.

    The seam connects the hole's first corner with the nearest corner of the ring and is traversed in both directions, so that
    programs with the even-odd rule, such as pycocotools, exclude the hole.
    """
    ring = exterior
    for hole in sorted(holes, key=lambda hole: hole[:, 0].min()):
        near = int(((ring - hole[0]) ** 2).sum(1).argmin())
        ring = np.concatenate([ring[: near + 1], hole, hole[:1], ring[near:]])
    return ring
