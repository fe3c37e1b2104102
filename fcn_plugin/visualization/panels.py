"""Draw a net's prediction next to the image and its truth."""

from __future__ import annotations

from pathlib import Path

import numpy as np
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

    def __init__(self, dataset, model=None) -> None:
        self.palette = dataset.metainfo["palette"]
        while hasattr(model, "module"):  # wrappers for distributed evaluation and test-time augmentation
            model = model.module
        rgb = getattr(getattr(model, "data_preprocessor", None), "rgb", None)
        pipeline = getattr(next(leaf_datasets(dataset)), "pipeline", None)
        self.reader = reader_of(getattr(pipeline, "transforms", ()), rgb)
        self.images = Path(getattr(dataset, "data_prefix", {}).get("img_path") or ".")

    def draw(self, sample) -> Image.Image:
        """Return the panel of a data sample with ``pred_sem_seg``; images with less than 256 rows are enlarged."""
        image = self.reader.picture(self.reader.read(sample.img_path)[1])
        tiles = [("image", image), ("prediction", self._shown(image, sample.pred_sem_seg))]
        if "gt_sem_seg" in sample:
            tiles.insert(1, ("truth", self._shown(image, sample.gt_sem_seg)))
        return panel(tiles, scale=max(1, round(256 / image.shape[0])))

    def name(self, sample) -> Path:
        """Return the image's path relative to its folder, without suffix, so that equal names in subfolders differ."""
        image = Path(sample.img_path)
        inside = image.is_relative_to(self.images) and ".." not in image.relative_to(self.images).parts
        return Path(image.relative_to(self.images) if inside else image.name).with_suffix("")

    def _shown(self, image: np.ndarray, field) -> np.ndarray:
        maps = field.data.cpu().numpy()
        return outline_overlay(image, maps, self.palette) if len(maps) > 1 else colour_table(self.palette)[maps[0]]
