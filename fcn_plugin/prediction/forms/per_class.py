"""Write ``per-class/NAME/CLASS.png``: one mask per class, in the format of multi-label training data."""

from __future__ import annotations

from pathlib import Path

from ...atomic_write import make_inside
from ...visualization.pictures import label_map_paths, save_label_maps
from ..item import Item
from ..prediction import Prediction
from .base import Form


class PerClass(Form):
    """8-bit gray masks: 255 for pixels of the class, else 0."""

    multilabel = True

    def files(self, name: str) -> list[Path]:
        """Return a picture for each class."""
        return label_map_paths(self.out_dir / "per-class" / name, self.classes)

    def write(self, item: Item, prediction: Prediction) -> None:
        """Write the pictures."""
        folder = self.out_dir / "per-class" / item.name
        make_inside(self.out_dir, folder)
        save_label_maps(prediction.maps(), self.classes, folder)
