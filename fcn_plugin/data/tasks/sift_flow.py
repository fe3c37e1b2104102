"""SIFT Flow (Liu, Yuen and Torralba, CVPR 2009; Tighe and Lazebnik, ECCV 2010): 33 semantic and 3 geometric classes."""

from __future__ import annotations

from mmseg.registry import DATASETS

from .dataset import TasksDataset
from .meta import tasks_meta

SEMANTIC = (
    "awning", "balcony", "bird", "boat", "bridge", "building", "bus", "car", "cow", "crosswalk", "desert", "door", "fence",
    "field", "grass", "moon", "mountain", "person", "plant", "pole", "river", "road", "rock", "sand", "sea", "sidewalk", "sign",
    "sky", "staircase", "streetlight", "sun", "tree", "window",
)  # fmt: skip
GEOMETRIC = ("sky", "horizontal", "vertical")


@DATASETS.register_module()
class SIFTFlowDataset(TasksDataset):
    """SIFT Flow as ``fcn siftflow`` writes it, 256 x 256; 255 is void in both tasks."""

    TASKS = {"semantic": {"classes": SEMANTIC}, "geometric": {"classes": GEOMETRIC}}
    METAINFO = tasks_meta(TASKS)
