"""Write ``confidence/NAME.png`` and ``entropy/NAME.png``: how certain the net is at each pixel, 8-bit gray."""

from __future__ import annotations

import numpy as np
from PIL import Image

from ..item import Item
from ..prediction import Prediction
from .pictures import Pictures


class Confidence(Pictures):
    """Probability of the predicted class, value / 255: from 1 / C to 1; with a threshold it may be less."""

    folder, needs_probabilities = "confidence", True

    def draw(self, item: Item, prediction: Prediction) -> Image.Image:
        """Return the probability of each pixel's label."""
        chosen = prediction.labels[None].astype(np.int64)
        return _grey(np.take_along_axis(prediction.shares(), chosen, 0)[0])


class Entropy(Pictures):
    """Entropy relative to its maximum, -sum(p log p) / log C = value / 255: 0 is certain, 255 equal probabilities."""

    folder, needs_probabilities = "entropy", True

    def draw(self, item: Item, prediction: Prediction) -> Image.Image:
        """Return the entropy of each pixel."""
        shares = prediction.shares()
        logs = np.log(np.maximum(shares, np.finfo(np.float32).tiny))
        return _grey(-np.einsum("chw,chw->hw", shares, logs) / np.log(len(shares)))


def _grey(values: np.ndarray) -> Image.Image:
    return Image.fromarray(np.round(255 * np.clip(values, 0, 1)).astype(np.uint8))
