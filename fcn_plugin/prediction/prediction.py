"""The net's prediction for one image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from ..visualization.pictures import outline_overlay, overlay
from .outlines import Outline, outlines


@dataclass(frozen=True)
class Prediction:
    """The class of each pixel of an image.

    Attributes:
        labels: (H, W) uint8 class ids (uint16 beyond 256 classes); for multi-label nets (C, H, W) uint8, 0 or 1;
            for multi-task nets (T, H, W), see :meth:`of_task`.
        probabilities: (C, H, W) float32 probabilities of the classes; None unless requested.
        image: (H, W, 3) uint8 RGB.
        classes: C names.
        palette: C colours, RGB.
    """

    labels: np.ndarray
    probabilities: np.ndarray | None
    image: np.ndarray
    classes: Sequence[str]
    palette: Sequence[Sequence[int]]

    def shares(self) -> np.ndarray:
        """Return ``probabilities``; raise ValueError if they were not requested."""
        if self.probabilities is None:
            raise ValueError("the prediction has no probabilities: call predict(..., probabilities=True)")
        return self.probabilities

    def of_task(self, index: int, name: str, sizes: Sequence[int]) -> Prediction:
        """Return one task of several: its label map and classes; ``sizes`` are the numbers of classes of all."""
        own = slice(sum(sizes[:index]), sum(sizes[: index + 1]))
        shares = None if self.probabilities is None else self.probabilities[own]
        classes = [each.removeprefix(f"{name}: ") for each in self.classes[own]]
        return replace(
            self, labels=self.labels[index], probabilities=shares, classes=classes, palette=self.palette[own]
        )

    def overlay(self, opacity: float = 0.5) -> np.ndarray:
        """Blend the classes' colours over the image, (H, W, 3) uint8 RGB; opacity 0 (image) .. 1 (classes).

        Multi-label predictions are drawn as outlines.
        """
        if self.labels.ndim == 3:
            return outline_overlay(self.image, self.labels, self.palette)
        return overlay(self.image, self.labels, self.palette, opacity)

    def maps(self) -> np.ndarray:
        """Return a map for each class, (C, H, W), 1 for pixels of the class."""
        several = self.labels.ndim == 3
        return self.labels if several else self.labels == np.arange(len(self.classes))[:, None, None]

    def polygons(self) -> list[Outline]:
        """Outline every connected piece of every class, with its holes; corners lie on pixel edges (:mod:`.outlines`)."""
        return self._outlines

    @cached_property
    def _outlines(self) -> list[Outline]:
        return outlines(self.labels)

    def areas(self) -> dict[str, int]:
        """Count the pixels of each class, including absent classes."""
        several = self.labels.ndim == 3
        counts = self.labels.sum((1, 2)) if several else np.bincount(self.labels.ravel(), minlength=len(self.classes))
        return {name: int(count) for name, count in zip(self.classes, counts, strict=True)}
