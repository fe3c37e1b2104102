"""Load 8-bit images with unchanged colours."""

from __future__ import annotations

from typing import Any

import numpy as np
from mmcv.transforms import LoadImageFromFile
from mmengine import fileio
from mmseg.registry import TRANSFORMS

from ..images import decode_image


@TRANSFORMS.register_module()
class FCNLoadImageFromFile(LoadImageFromFile):
    """Replace mmcv's loader, which multiplies the colours of a TIFF by its fourth band if that is tagged as alpha.

    Other files load the same, as (H, W, 3) BGR. Of mmcv's arguments, ``to_float32`` and ``backend_args`` have an effect.

    Raises:
        UserError: image-unreadable.
    """

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Load ``img_path`` into ``img``."""
        path = results["img_path"]
        image = decode_image(path, fileio.get(path, backend_args=self.backend_args))
        results["img"] = image.astype(np.float32) if self.to_float32 else image
        results["img_shape"] = results["ori_shape"] = image.shape[:2]
        return results
