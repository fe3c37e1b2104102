"""Write ``overlays/NAME.png``: the classes' colours over the image."""

from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image

from ...errors import UserError
from ..item import Item
from ..prediction import Prediction
from .pictures import Pictures


class Overlays(Pictures):
    """Blend colours over images, or draw outlines for multi-label predictions, with an optional legend.

    Args:
        opacity: opacity of the colours, 0 (image) .. 1 (classes).
        legend: draw the class names below the image, which makes the picture higher.
    """

    folder, multilabel = "overlays", True

    def __init__(self, *args: Any, opacity: float = 0.5, legend: bool = False) -> None:
        super().__init__(*args)
        if not 0 <= opacity <= 1:
            raise UserError("option-value", f"opacity is {opacity}: give a number from 0 (image) to 1 (classes)")
        self.opacity, self.legend = opacity, legend

    def draw(self, item: Item, prediction: Prediction) -> Image.Image:
        """Return the blend."""
        blend = Image.fromarray(prediction.overlay(self.opacity))
        if not self.legend:
            return blend
        from ...visualization.sheet import legend  # matplotlib's fonts

        shown = np.flatnonzero(prediction.maps().any((1, 2))) if prediction.labels.ndim == 3 else prediction.labels
        names = legend([shown], self.palette, self.classes, blend.width)
        picture = Image.new("RGB", (blend.width, blend.height + names.height), "white")
        picture.paste(blend, (0, 0))
        picture.paste(names, (0, blend.height))
        return picture
