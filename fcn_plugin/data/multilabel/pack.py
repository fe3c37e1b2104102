"""Pack the maps of multi-label masks as (K, H, W) uint8 with 0, 1 and 255 for void."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from mmengine.structures import PixelData
from mmseg.datasets.transforms import PackSegInputs
from mmseg.registry import TRANSFORMS

from .load import FIELD


@TRANSFORMS.register_module()
class MultilabelPackSegInputs(PackSegInputs):
    """Replace mmseg's ``PackSegInputs``, which packs one map, to pack K maps as ``gt_sem_seg``."""

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Pack image, maps and meta information."""
        packed = super().transform(results)
        maps = [results[key] for key in results.get("seg_fields", ()) if key.startswith(FIELD.format(""))]
        if maps:
            packed["data_samples"].gt_sem_seg = PixelData(data=torch.from_numpy(np.stack(maps)))
        return packed
