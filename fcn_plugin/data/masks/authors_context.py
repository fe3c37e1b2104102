"""PASCAL-Context with the classes of the authors' published nets: background, VOC's 20 and then the other 39."""

from __future__ import annotations

from collections.abc import Sequence

from mmseg.datasets import PascalContextDataset
from mmseg.registry import DATASETS

OTHERS = PascalContextDataset.METAINFO
# the order of the nets' outputs (data/pascal-context/classes-59.txt of the authors), in the spelling of labels.txt
CLASSES = (
    "background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow", "table", "dog",
    "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor", "bag", "bed", "bench", "book",
    "building", "cabinet", "ceiling", "cloth", "computer", "cup", "door", "fence", "floor", "flower", "food", "grass",
    "ground", "keyboard", "light", "mountain", "mouse", "curtain", "platform", "sign", "plate", "road", "rock", "shelves",
    "sidewalk", "sky", "snow", "bedclothes", "track", "tree", "truck", "wall", "water", "window", "wood",
)  # fmt: skip
IDS = [
    OTHERS["classes"].index(name) for name in CLASSES
]  # ids in the files, which follow the alphabetical order of names


@DATASETS.register_module()
class AuthorsContextDataset(PascalContextDataset):
    """:class:`PascalContextDataset` with its classes in the order of ``CLASSES``; each class keeps its colour."""

    METAINFO = dict(classes=CLASSES, palette=[OTHERS["palette"][number] for number in IDS])

    @classmethod
    def get_label_map(cls, new_classes: Sequence[str] | None = None) -> dict[int, int]:
        """Return id in the file -> class index."""
        return {number: index for index, number in enumerate(IDS)}
