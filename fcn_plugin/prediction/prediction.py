"""What the net says about one image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Prediction:
    """Class of each pixel of one image.

    Attributes:
        labels: (H, W) uint8 class ids (uint16 beyond 256 classes).
        probabilities: (C, H, W) float32 softmax of the logits, or None if they were not asked for.
        image: (H, W, 3) uint8 RGB.
        classes: C names.
        palette: C colours, RGB.
    """

    labels: np.ndarray
    probabilities: np.ndarray | None
    image: np.ndarray
    classes: Sequence[str]
    palette: Sequence[Sequence[int]]
