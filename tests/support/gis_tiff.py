"""TIFFs as GIS programs write them, of any type of numbers."""

import warnings

import numpy as np
import rasterio


def write_tiff(path, array, **options):
    """Write (H, W), or (H, W, bands); ``options`` are GDAL's, such as ``compress="lzw"``."""
    bands = np.atleast_3d(array)
    shape = dict(height=bands.shape[0], width=bands.shape[1], count=bands.shape[2], dtype=bands.dtype)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it lies nowhere on Earth
        with rasterio.open(path, "w", driver="GTiff", **shape, **options) as file:
            file.write(np.moveaxis(bands, -1, 0))
    return path
