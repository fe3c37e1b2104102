"""Compute FCN's four scores and the per-class table from a running confusion matrix."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.dist import all_reduce, is_main_process
from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log
from mmseg.registry import METRICS

from ..atomic_write import atomic_write
from ..errors import UserError
from .confusion import confusion_matrix, mean_or_zero, mean_present, per_class, precision_and_dice, scores
from .mask_files import write_masks
from .pairs import checked_pairs
from .table import class_table
from .tasks import one_task, task_meta

FRACTION = 1 << 40  # IUs of images are summed as integer multiples of 1 / FRACTION, so that the order has no effect


@METRICS.register_module()
class FCNMetric(BaseMetric):
    """Compute pixel accuracy, mean accuracy, mean IU and frequency-weighted IU.

    Logs and tables show percent, like mmseg's; ``metrics.json`` and :meth:`compute_metrics` have 0 .. 1.

    Memory does not grow with the number of images. Processes sum their matrices, so the result is the same for any number of them
    (with a sampler that repeats no image: ``round_up=False``).

    Args:
        ignore_index: id of void in the masks.
        out_dir: folder for ``confusion.npy`` and ``metrics.json``; default: the work dir, if run by this package's Runner.
        prefix: prefix of the names of the scores; default: the task.
        task: which task of a multi-task net to score; files go to a folder of this name.
        leave_out: names of classes to leave out of all means.
        detail: add precision and Dice (F1) of each class, their means, and the mean over images of an image's mean IU
            (``image_mIoU``). Recall is the accuracy of a class.
        output_dir: folder for predicted ids as PNGs; set by mmseg's ``tools/test.py --out``.
        format_only: only write the PNGs, compute no scores.
        keep_results: set by mmseg's tool; has no effect.

    Attributes:
        last: confusion matrix of the last evaluation, over all processes.
    """

    last: np.ndarray  # counts of the last evaluation
    default_prefix = ""  # not None: the base class warns about None

    def __init__(
        self,
        ignore_index: int = 255,
        out_dir: str | None = None,
        prefix: str | None = None,
        detail: bool = False,
        output_dir: str | None = None,
        format_only: bool = False,
        keep_results: bool = True,
        task: str | None = None,
        leave_out: Sequence[str] = (),
    ) -> None:
        super().__init__(prefix=task if prefix is None else prefix)
        self.task, self.leave_out = task, leave_out
        self.ignore_index = ignore_index
        self.out_dir = out_dir
        self.detail = detail
        self.output_dir, self.format_only = output_dir, format_only
        self.matrix: torch.Tensor | None = None

        self.images = self.scored = self.iou_parts = 0

    @property
    def classes(self) -> Sequence[str]:
        """Names of the data set's classes."""
        return (self.dataset_meta if self.task is None else task_meta(self.dataset_meta, self.task))["classes"]

    @property
    def ids(self) -> int:
        """Number of ids in truth and prediction."""
        return len(self.classes)

    @property
    def _left_out(self) -> list[int]:
        return [index for index, name in enumerate(self.classes) if name in self.leave_out]

    @property
    def maps(self) -> int:
        """Number of maps in truth and prediction."""
        return 1

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the matrix."""
        return self.ids, self.ids

    def process(self, data_batch: dict[str, Any], data_samples: Sequence[dict[str, Any]]) -> None:
        """Add the pixels of a batch; errors as in :func:`.checked_pairs`."""
        if self.task is not None:
            data_samples = [one_task(sample, self.dataset_meta, self.task) for sample in data_samples]
        if self.output_dir:
            write_masks(data_samples, Path(self.output_dir, self.task or ""))
        if self.format_only:
            return
        pairs = checked_pairs(data_samples, self.ids, self.maps, self.ignore_index, type(self).__name__)
        for sample, (label, prediction) in zip(data_samples, pairs, strict=True):
            self.add(sample, self.count(label, prediction))
        self.images += len(data_samples)

    def add(self, sample: dict[str, Any], counts: torch.Tensor) -> None:
        """Add the counts of one image."""
        self.matrix = counts if self.matrix is None else self.matrix + counts
        if self.detail and not np.isnan(iou := mean_present(self.columns(counts.cpu().numpy())["IoU"])):
            self.scored += 1
            self.iou_parts += round(iou * FRACTION)

    def count(self, label: torch.Tensor, prediction: torch.Tensor) -> torch.Tensor:
        """Count the pixels of one image: int64 of :attr:`shape`."""
        return confusion_matrix(label, prediction, self.ids, self.ignore_index)

    def true_pixels(self, matrix: np.ndarray) -> np.ndarray:
        """Count the true pixels of each class, (C,)."""
        return matrix.sum(1)

    def columns(self, matrix: np.ndarray) -> dict[str, np.ndarray]:
        """Compute scores of each class, (C,) each in 0 .. 1, NaN if undefined; IU is the last."""
        accuracy, iou = per_class(matrix, self._left_out)
        more = dict(zip(("precision", "Dice"), precision_and_dice(matrix), strict=True)) if self.detail else {}
        return {"accuracy": accuracy, **more, "IoU": iou}

    def compute_metrics(self, results: list[np.ndarray]) -> dict[str, float]:
        """Compute the scores of the single matrix in ``results``."""
        found = scores(results[0], self._left_out)
        if self.detail:
            columns = self.columns(results[0])
            means = (("mPrecision", "precision"), ("mDice", "Dice"))
            found |= {name: mean_or_zero(columns[column]) for name, column in means}
        return found

    def evaluate(self, size: int) -> dict[str, float]:
        """Sum over the processes, log the table, write the files and return the scores in percent.

        Raises:
            UserError: ``config-value``: images were counted twice or left out.
        """
        if self.format_only:
            return {}
        counts = torch.zeros(self.shape, dtype=torch.int64) if self.matrix is None else self.matrix.cpu()
        totals = torch.tensor([self.images, self.scored, self.iou_parts])
        all_reduce(counts)
        all_reduce(totals)
        self.matrix, self.images, self.scored, self.iou_parts = None, 0, 0, 0
        images, scored, parts = totals.tolist()
        if images != size:
            found = f"{images} images were evaluated, but the data set has {size}"
            raise UserError("config-value", f"{found}: set round_up=False in the dataloader's sampler")
        self.last = matrix = counts.numpy()
        metrics = self.compute_metrics([matrix])
        if self.detail:
            metrics["image_mIoU"] = parts / FRACTION / max(1, scored)
        if is_main_process():
            print_log("\n" + self.table(matrix, metrics), logger="current")
            if self.out_dir:
                self._write(Path(self.out_dir), matrix, metrics, size)
        return {f"{self.prefix}/{name}" if self.prefix else name: 100 * score for name, score in metrics.items()}

    def table(self, matrix: np.ndarray, metrics: dict[str, float]) -> str:
        """Format the scores of each class and of all in percent."""
        return class_table(self.classes, self.true_pixels(matrix), self.columns(matrix), metrics)

    def _write(self, folder: Path, matrix: np.ndarray, metrics: dict[str, float], images: int) -> None:
        out = folder / (self.task or "")
        out.mkdir(parents=True, exist_ok=True)
        columns = self.columns(matrix)
        classes: dict[str, dict[str, float | None]] = {name: {} for name in self.classes}
        for title, column in columns.items():
            for name, value in zip(self.classes, column, strict=True):
                classes[name][title] = None if np.isnan(value) else float(value)
        for name, pixels in zip(self.classes, self.true_pixels(matrix), strict=True):
            classes[name]["pixels"] = int(pixels)
        with atomic_write(out / "confusion.npy") as part, open(part, "wb") as file:
            np.save(file, matrix)  # with a path it would add a suffix
        with atomic_write(out / "metrics.json") as part:
            part.write_text(json.dumps({**metrics, "images": images, "classes": classes}, indent=2) + "\n")
