"""Write ``masks/NAME.png``: class ids as a palette PNG."""

from __future__ import annotations

from PIL import Image

from ...visualization.pictures import mask_picture
from ..item import Item
from ..prediction import Prediction
from .pictures import Pictures


class Masks(Pictures):
    """Palette PNG masks: viewers show the classes' colours, programs read ids."""

    folder = "masks"

    def draw(self, item: Item, prediction: Prediction) -> Image.Image:
        """Return ids with the palette; UserError: ``classes-count`` beyond 256 classes."""
        return mask_picture(prediction.labels, self.palette)
