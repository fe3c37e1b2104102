"""Write ``probabilities/NAME.npz`` and ``probabilities-tiff/NAME.tif``: the probability of each class at each pixel."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ...atomic_write import atomic_write, make_inside
from ..item import Item
from ..prediction import Prediction
from .base import Form
from .geotiff import write_bands


class Probabilities(Form):
    """NumPy archive: ``probabilities``, (C, H, W) float16, and ``classes``, C names; 2 C bytes per pixel."""

    needs_probabilities, multilabel = True, True

    def files(self, name: str) -> list[Path]:
        """Return the archive."""
        return [self.out_dir / "probabilities" / f"{name}.npz"]

    def write(self, item: Item, prediction: Prediction) -> None:
        """Write the archive without compression, which would take ten times as long."""
        (path,) = self.files(item.name)
        make_inside(self.out_dir, path.parent)
        shares = prediction.shares().astype(np.float16)
        with atomic_write(path) as part, open(part, "wb") as file:
            np.savez(file, probabilities=shares, classes=np.array(self.classes))


class ProbabilitiesTiff(Form):
    """GeoTIFF with one float32 band per class, named after it, and the source's georeference, if any."""

    needs_probabilities, multilabel, package = True, True, "rasterio"

    def files(self, name: str) -> list[Path]:
        """Return the TIFF."""
        return [self.out_dir / "probabilities-tiff" / f"{name}.tif"]

    def write(self, item: Item, prediction: Prediction) -> None:
        """Write the TIFF."""
        (path,) = self.files(item.name)
        make_inside(self.out_dir, path.parent)
        write_bands(path, prediction.shares(), item.georeference, self.classes)
