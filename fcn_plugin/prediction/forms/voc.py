"""Write ``voc.tar`` for PASCAL VOC's server: results of comp6 (own training data allowed) on VOC2012's test images."""

from __future__ import annotations

import tarfile
from typing import Any

from PIL import Image

from ...atomic_write import atomic_write, make_inside
from ...data.palette import CLASS_NAMES, voc_palette
from ...errors import UserError
from ...listing import files_below
from ...visualization.pictures import mask_picture
from ..item import Item
from ..prediction import Prediction
from .pictures import Pictures


class Voc(Pictures):
    """Palette PNGs of VOC's class ids in ``voc/results/VOC2012/Segmentation/comp6_test_cls/``."""

    folder = "voc/results/VOC2012/Segmentation/comp6_test_cls"

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        if len(self.classes) != len(CLASS_NAMES):
            message = f"the net has {len(self.classes)} classes, but the form voc needs {len(CLASS_NAMES)}: remove it from --out"
            raise UserError("classes-count", message)

    def draw(self, item: Item, prediction: Prediction) -> Image.Image:
        """Return ids with VOC's palette, regardless of the net's."""
        return mask_picture(prediction.labels, voc_palette()[: len(CLASS_NAMES)])

    def finish(self) -> None:
        """Write ``voc.tar``."""
        root = self.out_dir / "voc"
        make_inside(self.out_dir, self.out_dir / self.folder)
        with atomic_write(self.out_dir / "voc.tar") as part, tarfile.open(part, "w") as file:
            for path in files_below(self.out_dir / self.folder, [".png"]):
                file.add(path, path.removeprefix(f"{root}/"), filter=_without_owner)


def _without_owner(member: tarfile.TarInfo) -> tarfile.TarInfo:
    return member.replace(uid=0, gid=0, uname="", gname="", deep=False)
