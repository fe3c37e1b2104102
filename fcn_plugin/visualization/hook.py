"""Write predictions of a test as palette masks and panels, and show some at each validation."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from mmengine.hooks import Hook
from mmengine.hooks.hook import DATA_BATCH
from mmengine.runner import Runner
from mmseg.registry import HOOKS
from mmseg.structures import SegDataSample

from ..atomic_write import make_inside
from .panels import Panels
from .pictures import save_label_maps, save_mask, save_png


@HOOKS.register_module()
class PredictionHook(Hook):
    """Save the prediction for each test image in files and subfolders named after the images.

    Args:
        mask_dir: folder for palette PNG masks: ``NAME.png``, multi-label ``NAME/CLASS.png``, multi-task ``TASK/NAME.png``. Default:
            no masks.
        picture_dir: folder for panels (image | truth | prediction), with outlines for multi-label nets. Default: no panels.
    """

    def __init__(self, mask_dir: str | None = None, picture_dir: str | None = None) -> None:
        self.mask_dir = mask_dir and Path(mask_dir)
        self.picture_dir = picture_dir and Path(picture_dir)

    def before_test_epoch(self, runner: Runner) -> None:
        dataset = runner.test_dataloader.dataset
        self.panels, self.classes = Panels(dataset, getattr(runner, "model", None)), dataset.metainfo.get("classes")

    def after_test_iter(
        self, runner: Runner, batch_idx: int, data_batch: DATA_BATCH = None, outputs: Sequence[SegDataSample] = ()
    ) -> None:
        for sample in outputs:
            if sample.get("stand_in"):
                continue
            mask = sample.pred_sem_seg.data.cpu().numpy()
            if self.mask_dir and self.panels.tasks:
                for found, (task, palette) in zip(mask, self.panels.tasks.items(), strict=True):
                    make_inside(self.mask_dir, self.mask_dir / task)
                    save_mask(found, palette, self._place(self.mask_dir / task, sample))
            elif self.mask_dir and len(mask) > 1:
                folder = self._place(self.mask_dir, sample, "")
                make_inside(self.mask_dir, folder)
                save_label_maps(mask, self.classes, folder)
            elif self.mask_dir:
                save_mask(mask[0], self.panels.palette, self._place(self.mask_dir, sample))
            if self.picture_dir:
                save_png(self.panels.draw(sample), self._place(self.picture_dir, sample))

    def _place(self, folder: Path, sample: SegDataSample, suffix: str = ".png") -> Path:
        path = folder / f"{self.panels.name(sample)}{suffix}"
        make_inside(folder, path.parent)
        return path


@HOOKS.register_module()
class FCNVisualizationHook(Hook):
    """Send panels (image | truth | prediction) to the visualizer, and so to TensorBoard, files or a web service.

    It replaces mmseg's ``SegVisualizationHook``, which draws over the image and warns in each run that does not draw. mmseg's tools
    set ``draw`` with ``--show-dir``.

    Args:
        draw: draw each image of a test.
        show: also open a window for each drawn image.
        wait_time: seconds that a window stays open.
        images: images to draw at each validation: how many, from the first, or file names without folder and suffix.
    """

    def __init__(
        self, draw: bool = False, show: bool = False, wait_time: float = 0.0, images: int | Sequence[str] = 2
    ) -> None:
        self.draw, self.show, self.wait_time, self.images = draw, show, wait_time, images

    def before_val_epoch(self, runner: Runner) -> None:
        self.panels, self.seen = Panels(runner.val_dataloader.dataset, runner.model), 0

    def before_test_epoch(self, runner: Runner) -> None:
        if self.draw:
            self.panels = Panels(runner.test_dataloader.dataset, runner.model)

    def after_val_iter(
        self, runner: Runner, batch_idx: int, data_batch: DATA_BATCH = None, outputs: Sequence[SegDataSample] = ()
    ) -> None:
        for sample in outputs:
            name = self.panels.name(sample).name
            if self.seen < self.images if isinstance(self.images, int) else name in self.images:
                self._show(runner, f"val_{name}", sample, runner.iter)
            self.seen += 1

    def after_test_iter(
        self, runner: Runner, batch_idx: int, data_batch: DATA_BATCH = None, outputs: Sequence[SegDataSample] = ()
    ) -> None:
        for sample in outputs if self.draw else ():
            name = self.panels.name(sample).as_posix().replace("/", "_")
            self._show(runner, name, sample, 0, window=self.show)

    def _show(self, runner: Runner, name: str, sample: SegDataSample, step: int, window: bool = False) -> None:
        if sample.get("stand_in"):
            return
        picture = np.asarray(self.panels.draw(sample))
        runner.visualizer.add_image(name, picture, step)
        if window:
            runner.visualizer.show(picture, name, wait_time=self.wait_time)
