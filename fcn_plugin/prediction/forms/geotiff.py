"""Write ``geotiff/NAME.tif``: class ids with the georeference of the source."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ...atomic_write import atomic_write, make_inside
from ...visualization.pictures import colour_table
from ..item import Item
from ..prediction import Prediction
from .base import Form


class GeoTiff(Form):
    """One band of class ids with the classes' colours; a plain TIFF if the source has no georeference."""

    package = "rasterio"

    def files(self, name: str) -> list[Path]:
        """Return the TIFF."""
        return [self.out_dir / "geotiff" / f"{name}.tif"]

    def write(self, item: Item, prediction: Prediction) -> None:
        """Write the TIFF."""
        (path,) = self.files(item.name)
        make_inside(self.out_dir, path.parent)
        small = len(self.palette) <= 256
        colours = dict(enumerate(map(tuple, colour_table(self.palette).tolist()))) if small else None
        write_bands(path, prediction.labels[None], item.georeference, ["class id"], colours)


def write_bands(
    path: Path,
    bands: np.ndarray,
    georeference: dict[str, Any] | None,
    names: Sequence[str],
    colours: dict[int, tuple[int, ...]] | None = None,
) -> None:
    """Write (B, H, W) as a deflated TIFF, with B band names and, for a single band of ids, their colours."""
    import rasterio
    from rasterio.errors import NotGeoreferencedWarning

    count, height, width = bands.shape
    place = {key: (georeference or {}).get(key) for key in ("crs", "transform")}
    shape = dict(count=count, height=height, width=width, dtype=bands.dtype.name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with (
            atomic_write(path) as part,
            rasterio.open(part, "w", driver="GTiff", compress="deflate", bigtiff="if_safer", **shape, **place) as file,
        ):
            file.write(bands)
            file.descriptions = tuple(names)
            if colours:
                file.write_colormap(1, colours)
