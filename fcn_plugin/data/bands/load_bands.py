"""Load images with all of their bands, in full depth."""

from __future__ import annotations

from mmcv.transforms import BaseTransform
from mmseg.registry import TRANSFORMS

from .read import read_bands


@TRANSFORMS.register_module()
class FCNLoadBands(BaseTransform):
    """Load TIFF, 16-bit PNG, NPY or NPZ as (H, W, N), as :func:`.read.read_bands` does; the net needs ``FCNBandsPreProcessor``.

    mmseg's ``LoadSingleRSImageFromFile`` needs GDAL's own Python package and keeps nodata; its loaders of NumPy files run pickles.

    Raises:
        UserError: image-unreadable, requirements.
    """

    def transform(self, results: dict) -> dict:
        """Load ``img_path`` into ``img``."""
        results["img"] = pixels = read_bands(results["img_path"])[1]
        results["img_shape"] = results["ori_shape"] = pixels.shape[:2]
        return results
