"""Compute all measures of limits as one metric, with the counts of a data set in one integer vector."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cached_property
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmseg.registry import METRICS

from ...atomic_write import atomic_write
from ..metric import FCNMetric
from .boundary import BoundaryF1, BoundaryIoU
from .holes import Holes
from .maps import Maps, Measure
from .objects import Objects
from .report import headline, means, record, table, with_rates
from .trimap import Trimap


@METRICS.register_module()
class FCNLimits(FCNMetric):
    """Measure where a net fails: at boundaries, in small and thin objects, inside objects (docs/limits.md).

    Use it next to :class:`FCNMetric` in ``val_evaluator`` or ``test_evaluator``. Memory does not grow with the number of images,
    and the result is the same for any number of processes.

    Args:
        width: width of the widest band around true boundaries, in pixels; pixels beyond it are inside.
        share: distance for boundary IoU, in image diagonals.
        tolerance: distance for boundary F1, in image diagonals.
        sizes: largest object size of each group except the last, in pixels.
        thicknesses: largest object thickness of each group except the last, in pixels.
        options: those of :class:`FCNMetric`; ``out_dir`` is the folder of ``limits.json``.
    """

    def __init__(
        self,
        width: int = 20,
        share: float = 0.02,
        tolerance: float = 0.0075,
        sizes: Sequence[float] = (256, 1024, 9216),
        thicknesses: Sequence[float] = (4, 8, 16, 32),
        **options: Any,
    ) -> None:
        super().__init__(**options)
        objects = Objects(sizes, thicknesses, reach=width)
        self.measures: list[Measure] = [Trimap(width), BoundaryIoU(share), BoundaryF1(tolerance), objects, Holes()]
        self.settings = dict(width=width, share=share, tolerance=tolerance, sizes=[*sizes], thicknesses=[*thicknesses])

    @cached_property
    def shapes(self) -> list[tuple[int, ...]]:
        """Shapes of the counts of each measure."""
        return [measure.shape(self.ids) for measure in self.measures]

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of the vector."""
        return (sum(map(prod, self.shapes)),)

    def count(self, label: torch.Tensor, prediction: torch.Tensor) -> torch.Tensor:
        """Count one image, on the CPU: int64 of :attr:`shape`."""
        maps = Maps(label[0].cpu().numpy(), prediction[0].cpu().numpy(), self.ids, self.ignore_index)
        return torch.from_numpy(np.concatenate([measure.count(maps).ravel() for measure in self.measures]))

    def scores(self, vector: np.ndarray) -> dict[str, np.ndarray]:
        """Compute the scores of each class (last axis); NaN if undefined."""
        parts = np.split(vector, np.cumsum([prod(shape) for shape in self.shapes])[:-1])
        found: dict[str, np.ndarray] = {}
        for measure, part, shape in zip(self.measures, parts, self.shapes, strict=True):
            found |= measure.scores(part.reshape(shape))
        return with_rates(found)

    def compute_metrics(self, results: list[np.ndarray]) -> dict[str, float]:
        """Compute the scores for logs, means over classes; undefined ones are left out."""
        return headline(means(self.scores(results[0])), self.settings)

    def table(self, matrix: np.ndarray, metrics: dict[str, float]) -> str:
        """Format the scores of each class, and those by size and thickness, in percent."""
        return table(self.scores(matrix), self.classes, self.settings)

    def _write(self, out: Path, matrix: np.ndarray, metrics: dict[str, float], images: int) -> None:
        out.mkdir(parents=True, exist_ok=True)
        content = {**metrics, "images": images, **record(self.scores(matrix), self.classes, self.settings)}
        with atomic_write(out / "limits.json") as part:
            part.write_text(json.dumps(content, indent=2) + "\n")
