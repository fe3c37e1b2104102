"""NYUDv2 with the 40 classes of Gupta et al., CVPR 2013."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mmseg.registry import DATASETS

from ..class_map import IGNORED
from ..class_map_dataset import ClassMapDataset
from ..palette import voc_palette

# order and spelling of the authors' data/nyud/classes.txt
CLASSES = (
    "wall", "floor", "cabinet", "bed", "chair", "sofa", "table", "door", "window", "bookshelf", "picture", "counter",
    "blinds", "desk", "shelves", "curtain", "dresser", "pillow", "mirror", "floor mat", "clothes", "ceiling", "books",
    "refridgerator", "television", "paper", "towel", "shower curtain", "box", "whiteboard", "person", "night stand",
    "toilet", "sink", "lamp", "bathtub", "bag", "otherstructure", "otherfurniture", "otherprop",
)  # fmt: skip


@DATASETS.register_module()
class NYUDDataset(ClassMapDataset):
    """NYUDv2 as ``fcn nyud`` writes it: masks ``labels/NAME.png`` with classes 1 .. 40 and 0 for void."""

    METAINFO = dict(classes=CLASSES, palette=voc_palette()[1 : len(CLASSES) + 1].tolist())

    def __init__(self, ignore_ids: Iterable[int] = (0, IGNORED), **kwargs: Any) -> None:
        ids: dict[int | str, str] = dict(enumerate(CLASSES, 1))
        options = {"palette": self.METAINFO["palette"], "img_suffix": ".png", "seg_map_suffix": ".png", **kwargs}
        super().__init__(ids, ignore_ids, **options)
