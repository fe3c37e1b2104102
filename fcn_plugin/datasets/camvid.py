"""CamVid with the 11 classes of the SegNet split (Brostow et al. 2009; Badrinarayanan et al. 2017)."""

from __future__ import annotations

from mmseg.datasets import BaseSegDataset
from mmseg.registry import DATASETS


@DATASETS.register_module()
class CamVidDataset(BaseSegDataset):
    """``images/{split}/NAME.jpg`` with ``annotations/{split}/NAME.png``, class ids 0 .. 10.

    Id 11, "unlabelled", becomes 255 on loading and counts in no loss and no score.
    """

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

    def __init__(self, img_suffix: str = ".jpg", seg_map_suffix: str = ".png", **kwargs) -> None:
        super().__init__(img_suffix=img_suffix, seg_map_suffix=seg_map_suffix, reduce_zero_label=False, **kwargs)

    @classmethod
    def get_label_map(cls, new_classes=None) -> dict[int, int]:
        """Unlabelled pixels are void; classes left out of ``new_classes`` too."""
        return {**(super().get_label_map(new_classes) or {}), 11: 255}
