"""Base class of forms with one PNG per image."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from ...atomic_write import make_inside
from ...visualization.pictures import save_png
from ..item import Item
from ..prediction import Prediction
from .base import Form


class Pictures(Form):
    """Write ``folder/NAME.png``, drawn by :meth:`draw`."""

    folder = ""

    def files(self, name: str) -> list[Path]:
        """Return the picture."""
        return [self.out_dir / self.folder / f"{name}.png"]

    def draw(self, item: Item, prediction: Prediction) -> Image.Image:
        """Draw the picture of one item."""
        raise NotImplementedError

    def write(self, item: Item, prediction: Prediction) -> None:
        """Write the picture."""
        (path,) = self.files(item.name)
        make_inside(self.out_dir, path.parent)
        save_png(self.draw(item, prediction), path)
