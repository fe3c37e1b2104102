"""Write predictions while testing: palette masks, and panels of image, truth and prediction."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from mmengine.hooks import Hook
from mmseg.registry import HOOKS
from PIL import Image

from ..atomic_write import make_inside
from ..data.bands.readers import reader_of
from ..data.leaves import leaf_datasets
from .pictures import colour_table, outline_overlay, panel, save_label_maps, save_mask, save_png


@HOOKS.register_module()
class PredictionHook(Hook):
    """Save what the net predicts for each test image, in files and subfolders named after the images.

    Args:
        mask_dir: folder for palette PNG masks, one per image, or for several labels a folder NAME with ``CLASS.png``; none by
            default.
        picture_dir: folder for panels (image | truth | prediction), for several labels with their outlines; none by default.
    """

    def __init__(self, mask_dir: str | None = None, picture_dir: str | None = None) -> None:
        self.mask_dir = mask_dir and Path(mask_dir)
        self.picture_dir = picture_dir and Path(picture_dir)

    def before_test_epoch(self, runner) -> None:
        dataset = runner.test_dataloader.dataset
        self.palette, self.classes = dataset.metainfo["palette"], dataset.metainfo.get("classes")
        net = getattr(runner, "model", None)
        while hasattr(net, "module"):  # of distributed evaluation and of test-time augmentation
            net = net.module
        rgb = getattr(getattr(net, "data_preprocessor", None), "rgb", None)
        pipeline = getattr(next(leaf_datasets(dataset)), "pipeline", None)
        self.reader = reader_of(getattr(pipeline, "transforms", ()), rgb)
        self.images = Path(getattr(dataset, "data_prefix", {}).get("img_path") or ".")

    def after_test_iter(self, runner, batch_idx: int, data_batch=None, outputs=None) -> None:
        for sample in outputs:
            if sample.get("stand_in"):
                continue
            mask = sample.pred_sem_seg.data.cpu().numpy()
            if self.mask_dir and len(mask) > 1:
                folder = self._place(self.mask_dir, sample).with_suffix("")
                make_inside(self.mask_dir, folder)
                save_label_maps(mask, self.classes, folder)
            elif self.mask_dir:
                save_mask(mask[0], self.palette, self._place(self.mask_dir, sample))
            if self.picture_dir:
                save_png(self._draw(sample, mask), self._place(self.picture_dir, sample))

    def _draw(self, sample, mask: np.ndarray) -> Image.Image:
        image = self.reader.picture(self.reader.read(sample.img_path)[1])
        tiles = [("image", image), ("prediction", self._shown(image, mask))]
        if "gt_sem_seg" in sample:
            tiles.insert(1, ("truth", self._shown(image, sample.gt_sem_seg.data.cpu().numpy())))
        return panel(tiles, scale=max(1, round(256 / image.shape[0])))  # small images are enlarged

    def _shown(self, image: np.ndarray, maps: np.ndarray) -> np.ndarray:
        return outline_overlay(image, maps, self.palette) if len(maps) > 1 else colour_table(self.palette)[maps[0]]

    def _place(self, folder: Path, sample) -> Path:
        image = Path(sample.img_path)
        # images of one name in two subfolders stay apart
        inside = image.is_relative_to(self.images) and ".." not in image.relative_to(self.images).parts
        name = image.relative_to(self.images) if inside else image.name
        path = (folder / name).with_suffix(".png")
        make_inside(folder, path.parent)
        return path
