"""Tiny label maps written as text: a digit a pixel, a point for void."""

import numpy as np

from fcn_plugin.evaluation.limits.maps import Maps

VOID = 9


def mask(*rows):
    """(H, W) uint8; "01." is class 0, class 1, void."""
    return np.array([[VOID if pixel == "." else int(pixel) for pixel in row] for row in rows], np.uint8)


def maps(truth, guess, classes=2):
    """What measures count, of rows of truth and of prediction."""
    return Maps(mask(*truth), mask(*guess), classes, VOID)
