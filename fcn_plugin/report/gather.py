"""The metric that gathers what a report shows while the net runs once over the images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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
    """What was gathered of all images, by all processes.

    Attributes:
        matrix: (C, C) int64 confusion.
        images: counts of each, in the order of their paths.
        examples: maps of the worst and the best.
        confidence: as :func:`.count_confidence` returns it; None of a net that gives label maps alone.
    """

    matrix: np.ndarray
    images: Sequence[ImageCounts]
    examples: Examples
    confidence: np.ndarray | None

    @property
    def image_mean(self) -> float:
        """Mean over images of their mean IU."""
        return mean_present(np.array([image.mean_iou for image in self.images]))


@METRICS.register_module()
class FCNReport(FCNMetric):
    """Gather the counts of each image, the worst and the best of them, and how sure the net is.

    It stands beside the config's metrics, writes nothing, and leaves what it gathered in ``findings``. Memory grows by 3 integers
    a class and image; the result is the same for any number of processes.

    Args:
        worst: how many of the worst images to keep maps of.
        best: how many of the best ones.
        options: those of :class:`.FCNMetric`.
    """

    default_prefix = "report"

    def __init__(self, worst: int = 8, best: int = 4, **options) -> None:
        super().__init__(**options)
        self.findings: Findings | None = None
        self.worst, self.best = worst, best
        self._forget()

    def add(self, sample: dict, counts: torch.Tensor) -> None:
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

    def compute_metrics(self, results: list) -> dict[str, float]:
        """Join what the processes gathered; returns ECE and the mean over images. Collective."""
        all_reduce(self.confidence)
        gathered = all_gather_object((self.rows, self.examples))
        rows = sorted((row for rows, _ in gathered for row in rows), key=lambda row: row.path)
        examples = Examples(self.worst, self.best)
        examples.join([each for _, each in gathered])
        confidence = self.confidence.numpy() if self.confidence.any() else None
        self.findings = Findings(results[0], rows, examples, confidence)
        self._forget()
        found = {"image_mIoU": self.findings.image_mean}
        return found if confidence is None else {**found, "ECE": calibration_error(confidence)}

    def table(self, matrix: np.ndarray, metrics: dict[str, float]) -> str:
        """Name the worst images."""
        lines = [f"{100 * iou:6.2f}  {path}" for iou, path in self.findings.examples.choose()[0]]
        return "\n".join(["worst images, mean IU %:", *lines])

    def _write(self, matrix: np.ndarray, metrics: dict[str, float], images: int) -> None:
        """Write nothing: the page is written when all metrics are done."""

    def _forget(self) -> None:
        self.rows: list[ImageCounts] = []
        self.examples = Examples(self.worst, self.best)
        self.confidence = torch.zeros(3, BINS, dtype=torch.int64)

    def _ids(self, ids: torch.Tensor) -> np.ndarray:
        """Return ids (H, W) with 255 for void, as pictures take them."""
        values = ids.cpu().numpy()
        return np.where(values == self.ignore_index, VOID, values).astype(np.uint8 if values.max() < 256 else np.int16)
