"""The metric that collects all data for a report while the net runs over the images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.dist import all_gather_object, all_reduce
from mmseg.registry import METRICS

from ..data.palette import VOID
from ..evaluation.calibration import BINS, calibration_error, count_confidence
from ..evaluation.confusion import mean_present
from ..evaluation.metric import FCNMetric
from ..evaluation.pairs import paired
from ..models.decision import as_pair
from .images import Examples, ImageCounts


@dataclass(frozen=True)
class Findings:
    """The collected data of all images, over all processes.

    Attributes:
        matrix: (C, C) int64 confusion.
        images: counts of each image, sorted by path.
        examples: maps of the worst and the best images.
        confidence: counts from :func:`.count_confidence`; None if the net returns only label maps.
    """

    matrix: np.ndarray
    images: Sequence[ImageCounts]
    examples: Examples
    confidence: np.ndarray | None

    @property
    def image_mean(self) -> float:
        """Mean of the images' mean IU."""
        return mean_present(np.array([image.mean_iou for image in self.images]))


@METRICS.register_module()
class FCNReport(FCNMetric):
    """Collect the counts of each image, maps of the worst and the best, and the net's confidence.

    It is used next to the config's metrics, writes nothing, and keeps its result in ``findings``. Memory grows by 3 integers per
    class and image; the result is the same for any number of processes.

    Args:
        worst: number of worst images whose maps are kept.
        best: number of best images whose maps are kept.
        options: those of :class:`.FCNMetric`.
    """

    default_prefix = "report"
    findings: Findings  # of the last evaluation

    def __init__(self, worst: int = 8, best: int = 4, **options: Any) -> None:
        super().__init__(**options)
        self.worst, self.best = worst, best
        self._reset()

    def add(self, sample: dict[str, Any], counts: torch.Tensor) -> None:
        """Add one image."""
        super().add(sample, counts)
        image = ImageCounts.of_matrix(str(sample.get("img_path")), counts.cpu().numpy())
        self.rows.append(image)
        label, prediction = (each[0] for each in paired(sample, self.maps, type(self).__name__))
        if not np.isnan(image.mean_iou):
            self.examples.offer(image.rank, lambda: (self._ids(label), self._ids(prediction)))
        if "seg_logits" in sample:
            logits = as_pair(sample["seg_logits"]["data"][None].float())[0]
            found = count_confidence(logits.softmax(0), label.to(logits.device), prediction, self.ignore_index)
            self.confidence += found.cpu()

    def compute_metrics(self, results: list[np.ndarray]) -> dict[str, float]:
        """Join what the processes gathered; returns ECE and the mean over images. Collective."""
        all_reduce(self.confidence)
        gathered = all_gather_object((self.rows, self.examples))
        rows = sorted((row for rows, _ in gathered for row in rows), key=lambda row: row.path)
        examples = Examples(self.worst, self.best)
        examples.join([each for _, each in gathered])
        confidence = self.confidence.numpy() if self.confidence.any() else None
        self.findings = Findings(results[0], rows, examples, confidence)
        self._reset()
        found = {"image_mIoU": self.findings.image_mean}
        return found if confidence is None else {**found, "ECE": calibration_error(confidence)}

    def table(self, matrix: np.ndarray, metrics: dict[str, float]) -> str:
        """Name the worst images."""
        lines = [f"{100 * iou:6.2f}  {path}" for iou, path in self.findings.examples.choose()[0]]
        return "\n".join(["worst images, mean IU %:", *lines])

    def _write(self, folder: Path, matrix: np.ndarray, metrics: dict[str, float], images: int) -> None:
        """Write nothing: the page is written when all metrics are done."""

    def _reset(self) -> None:
        self.rows: list[ImageCounts] = []
        self.examples = Examples(self.worst, self.best)
        self.confidence = torch.zeros(3, BINS, dtype=torch.int64)

    def _ids(self, ids: torch.Tensor) -> np.ndarray:
        """Return ids (H, W) with 255 for void, as pictures take them."""
        values = ids.cpu().numpy()
        return np.where(values == self.ignore_index, VOID, values).astype(np.uint8 if values.max() < 256 else np.int16)
