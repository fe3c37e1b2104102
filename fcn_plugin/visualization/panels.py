"""Draw a net's prediction next to the image and its truth."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from mmengine.dataset import BaseDataset
from mmseg.structures import SegDataSample
from PIL import Image

from ..data.bands.readers import reader_of
from ..data.leaves import leaf_datasets
from .pictures import colour_table, outline_overlay, panel


class Panels:
    """Draw and name panels (image | truth | prediction) of a data set's images.

    Args:
        dataset: data set with ``metainfo["palette"]``; its pipeline defines how files are read.
        model: the net, wrapped or not.
    """

    def __init__(self, dataset: BaseDataset, model: Any = None) -> None:
        self.palette, tasks = dataset.metainfo["palette"], dataset.metainfo.get("tasks")
        self.tasks = {name: entry["palette"] for name, entry in (tasks or {}).items()}  # of a multi-task net
        while hasattr(model, "module"):  # wrappers for distributed evaluation and test-time augmentation
            model = model.module
        rgb = getattr(getattr(model, "data_preprocessor", None), "rgb", None)
        pipeline = getattr(next(leaf_datasets(dataset)), "pipeline", None)
        self.reader = reader_of(getattr(pipeline, "transforms", ()), rgb)
        self.images = Path(getattr(dataset, "data_prefix", {}).get("img_path") or ".")

    def draw(self, sample: SegDataSample) -> Image.Image:
        """Return the panel of a data sample with ``pred_sem_seg``; images with less than 256 rows are enlarged."""
        image = self.read(sample.img_path)
        fields = {"truth": sample.get("gt_sem_seg"), "prediction": sample.pred_sem_seg}
        maps = {title: field.data.cpu().numpy() for title, field in fields.items() if field is not None}
        tiles = [("image", image)]
        for index, (task, palette) in enumerate(self.tasks.items()):
            tiles += [(f"{task}: {title}", colour_table(palette)[found[index]]) for title, found in maps.items()]
        if not self.tasks:
            tiles += [(title, self._shown(image, found)) for title, found in maps.items()]
        return panel(tiles, scale=max(1, round(256 / image.shape[0])))

    def read(self, path: str) -> np.ndarray:
        """Return the picture of an image file, (H, W, 3) uint8 RGB; raises ``image-unreadable``."""
        return self.reader.picture(self.reader.read(path)[1])

    def place(self, path: str) -> Path:
        """Return an image's path in its folder: images of one name in two subfolders stay apart."""
        image = Path(path)
        inside = image.is_relative_to(self.images) and ".." not in image.relative_to(self.images).parts
        return Path(image.relative_to(self.images) if inside else image.name)

    def name(self, sample: SegDataSample) -> Path:
        """Return :meth:`place` of a sample's image without suffix."""
        return self.place(sample.img_path).with_suffix("")

    def _shown(self, image: np.ndarray, maps: np.ndarray) -> np.ndarray:
        return outline_overlay(image, maps, self.palette) if len(maps) > 1 else colour_table(self.palette)[maps[0]]
