"""PASCAL VOC's class names, its void label and its colour map."""

import numpy as np

# The place in this tuple is the class id in the masks.
CLASS_NAMES = (
    "background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair",
    "cow", "diningtable", "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa",
    "train", "tvmonitor",
)  # fmt: skip
VOID = 255  # the ring around every object; neither trained on nor scored


def voc_palette() -> np.ndarray:
    """Make VOC's colour map: uint8 (256, 3), row = label, columns = R, G, B (``VOClabelcolormap.m`` of the development kit).

    Bits 0, 1, 2 of the label go to the top bit of R, G, B, bits 3, 4, 5 to the next bit, and so on.
    """
    label = np.arange(256)
    colours = np.zeros((256, 3), dtype=np.uint8)
    for channel in range(3):
        for step in range(8):
            colours[:, channel] |= ((label >> (3 * step + channel) & 1) << (7 - step)).astype(np.uint8)
    return colours
