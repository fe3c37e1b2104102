"""Load index masks at full bit depth and check every id."""

from __future__ import annotations

from typing import Any

import numpy as np
from mmengine import fileio
from mmseg.datasets.transforms import LoadAnnotations
from mmseg.registry import TRANSFORMS

from ..errors import UserError
from .class_map import IGNORED, ClassMap, describe_ids, file_ids
from .headers import mask_problems, width_height
from .images import open_image
from .masks.ids import mask_ids
from .problems import Problem, refuse


@TRANSFORMS.register_module()
class FCNLoadAnnotations(LoadAnnotations):
    """Replace mmseg's loader, which wraps 16-bit ids modulo 256, drops a dimension of a 1 x N mask and keeps unknown ids.

    Samples without a mask are allowed, since mmseg's inference removes only its own loader from a pipeline.

    Raises:
        UserError: mask-unreadable, mask-colours, mask-lossy, mask-fractions, mask-size, mask-ids; config-data: loader and data set
            differ in ``reduce_zero_label``.
    """

    def _load_seg_map(self, results: dict[str, Any]) -> None:
        path = results.get("seg_map_path")
        if path is None:
            return
        header, image = open_image(path, "mask", fileio.get(path, backend_args=self.backend_args))
        refuse(mask_problems(header))
        mask = mask_ids(header, image)
        shape = tuple(results.get("ori_shape", mask.shape))  # of the image, which may have changed since the check
        if mask.shape != shape:
            found = f"{width_height(mask.shape[::-1])}, but its image is {width_height(shape[::-1])}"
            refuse([Problem("mask-size", path, found)])
        if mask.min() < 0:  # negative ids would wrap
            refuse([Problem("mask-ids", path, describe_ids(*np.unique(mask[mask < 0], return_counts=True)))])
        reduce = bool(results.get("reduce_zero_label"))
        if self.reduce_zero_label not in (None, reduce):
            found = f"reduce_zero_label is {self.reduce_zero_label} in the loader, {reduce} in the data set"
            raise UserError("config-data", f"{found}: set it only in the data set")
        ids = results.get("label_map")
        if ids is not None:
            void = {} if results.get("complete_label_map") else {IGNORED: IGNORED}
            mask = ClassMap({**void, **file_ids(ids, reduce)}, ()).convert(mask, path)
        elif mask.max() > IGNORED:
            raise UserError("mask-ids", f"{path} has the id {mask.max()}: set class_map of the data set")
        elif reduce:
            mask = np.where((mask == 0) | (mask == IGNORED), IGNORED, mask - 1)
        results["gt_seg_map"] = mask.astype(np.uint8)
        results["seg_fields"].append("gt_seg_map")
