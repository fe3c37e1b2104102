"""Load images of 8 bits in the colours that their files hold."""

from __future__ import annotations

import numpy as np
from mmcv.transforms import LoadImageFromFile
from mmengine import fileio
from mmseg.registry import TRANSFORMS

from ..images import decode_image


@TRANSFORMS.register_module()
class FCNLoadImageFromFile(LoadImageFromFile):
    """Replace mmcv's loader, which multiplies the colours of a TIFF by its fourth band where that is tagged as alpha.

    Any other file is loaded alike, (H, W, 3) BGR. Arguments as of mmcv's, which it obeys: ``to_float32``, ``backend_args``.

    Raises:
        UserError: image-unreadable.
    """

    def transform(self, results: dict) -> dict:
        """Load ``img_path`` into ``img``."""
        path = results["img_path"]
        image = decode_image(path, fileio.get(path, backend_args=self.backend_args))
        results["img"] = image.astype(np.float32) if self.to_float32 else image
        results["img_shape"] = results["ori_shape"] = image.shape[:2]
        return results
