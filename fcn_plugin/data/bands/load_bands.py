"""Load images with all bands at full bit depth."""

from __future__ import annotations

from typing import Any

from mmcv.transforms import BaseTransform
from mmseg.registry import TRANSFORMS

from .read import read_bands


@TRANSFORMS.register_module()
class FCNLoadBands(BaseTransform):
    """Load TIFF, 16-bit PNG, NPY or NPZ as (H, W, N) with :func:`.read.read_bands`; the net needs ``FCNBandsPreProcessor``.

    mmseg's ``LoadSingleRSImageFromFile`` needs GDAL's Python package and keeps nodata; its NumPy loaders run pickles.

    Raises:
        UserError: image-unreadable, requirements.
    """

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Load ``img_path`` into ``img``."""
        results["img"] = pixels = read_bands(results["img_path"])[1]
        results["img_shape"] = results["ori_shape"] = pixels.shape[:2]
        return results
