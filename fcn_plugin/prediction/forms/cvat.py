"""Write ``cvat.zip``, to import into a CVAT task as "Segmentation mask 1.1"."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

from PIL import Image

from ...atomic_write import atomic_write, make_inside
from ...data.palette import voc_palette
from ...errors import UserError
from ...listing import files_below
from ..item import Item
from ..prediction import Prediction
from .objects.pieces import BACKGROUND, category_ids
from .pictures import Pictures


class Cvat(Pictures):
    """RGB masks in ``cvat/SegmentationClass/``, ``labelmap.txt`` and the list of images.

    CVAT identifies labels by colour. The colours are VOC's, which are all different; black is ``background``.
    """

    folder = "cvat/SegmentationClass"

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        ids = category_ids(self.classes)
        if len(ids) > 255:
            raise UserError(
                "classes-count", f"{len(ids)} classes exceed the 255 colours of the form cvat: remove it from --out"
            )
        self.colours = voc_palette()[[ids.get(label, 0) for label in range(len(self.classes))]]
        names = {0: BACKGROUND} | {number: self.classes[label] for label, number in ids.items()}
        rows = (f"{name}:{','.join(map(str, voc_palette()[number]))}::\n" for number, name in names.items())
        self.labelmap = "# label:color_rgb:parts:actions\n" + "".join(rows)

    def draw(self, item: Item, prediction: Prediction) -> Image.Image:
        """Return the colours of the classes."""
        return Image.fromarray(self.colours[prediction.labels])

    def finish(self) -> None:
        """Write ``cvat.zip``."""
        folder = self.out_dir / self.folder
        make_inside(self.out_dir, folder)
        names = [Path(path).relative_to(folder).with_suffix("").as_posix() for path in files_below(folder, [".png"])]
        with atomic_write(self.out_dir / "cvat.zip") as part, zipfile.ZipFile(part, "w") as file:
            file.writestr("labelmap.txt", self.labelmap)
            file.writestr("ImageSets/Segmentation/default.txt", "".join(f"{name}\n" for name in names))
            for name in names:
                file.write(folder / f"{name}.png", f"SegmentationClass/{name}.png")
