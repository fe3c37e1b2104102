"""PASCAL VOC's class names, its void label and its colour map."""

from collections.abc import Sequence

import numpy as np
from mmseg.datasets import PascalVOCDataset

Palette = Sequence[Sequence[int]] | np.ndarray  # (C, 3) R, G, B, 0 .. 255
CLASS_NAMES = PascalVOCDataset.METAINFO["classes"]  # the index is the class id in the masks
VOID = 255  # the ring around every object; neither trained on nor scored


def voc_palette() -> np.ndarray:
    """Make VOC's colour map: uint8 (256, 3), row = label, columns = R, G, B (``VOClabelcolormap.m`` of the development kit).

    Bits 0, 1, 2 of the label go to the top bit of R, G, B, bits 3, 4, 5 to the next bit, and so on.
    """
    label, channel = np.ogrid[:256, :3]
    return sum((label >> 3 * step + channel & 1) << 7 - step for step in range(8)).astype(np.uint8)
