"""CamVid with the 11 classes of the SegNet split (Brostow et al. 2009; Badrinarayanan et al. 2017)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mmseg.registry import DATASETS

from .class_map import IGNORED
from .class_map_dataset import ClassMapDataset


@DATASETS.register_module()
class CamVidDataset(ClassMapDataset):
    """CamVid: ``images/{split}/NAME.jpg`` and ``annotations/{split}/NAME.png`` with ids 0 .. 10; 11, "unlabelled", is void."""

    METAINFO = dict(
        classes=(
            "sky", "building", "pole", "road", "pavement", "tree",
            "sign", "fence", "car", "pedestrian", "bicyclist",
        ),
        palette=[
            [128, 128, 128], [128, 0, 0], [192, 192, 128], [128, 64, 128], [60, 40, 222], [128, 128, 0],
            [192, 128, 128], [64, 64, 128], [64, 0, 128], [64, 64, 0], [0, 128, 192],
        ],
    )  # fmt: skip

    def __init__(self, ignore_ids: Iterable[int] = (11, IGNORED), **kwargs: Any) -> None:
        super().__init__(ignore_ids=ignore_ids, **kwargs)
