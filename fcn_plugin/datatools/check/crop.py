"""Find images that are smaller than the training crop.

``RandomCrop`` keeps smaller images, and the rest is filled with void. A random resize before it gives a range of sizes. Sizes are
(W, H).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...data.masks.balanced_crop import CROPS

SIZE_CHANGES = ("Resize", "Pad", "Rotate", "Rot90", "Mosaic", "Affine", "Crop", "Scale")


@dataclass(frozen=True)
class Crop:
    """A crop. Attributes: ``size``; ``scales``, smallest and largest scale of a resize before it, or None."""

    size: tuple[int, int]
    scales: tuple[tuple[int, int], tuple[int, int]] | None = None
    keep_ratio: bool = False

    def resized(self, sizes: np.ndarray) -> list[np.ndarray]:
        """Return the smallest and largest sizes before the crop, (N, 2) each, for (N, 2) image sizes."""
        scales = [np.array(scale) for scale in self.scales or ()]
        if not self.keep_ratio:
            return [np.broadcast_to(scale, sizes.shape) for scale in scales] or [sizes, sizes]
        # as mmcv's rescale_size
        factors = [np.minimum(scale.max() / sizes.max(1), scale.min() / sizes.min(1)) for scale in scales]
        return [(sizes * factor[:, None] + 0.5).astype(np.int64) for factor in factors] or [sizes, sizes]

    def cuts_short(self, sizes: np.ndarray) -> np.ndarray:
        """Return whether sizes are smaller than the crop, (N,) bool."""
        return np.logical_or.reduce(sizes < self.size, axis=1)


def find_crop(pipeline: Sequence[Mapping[str, Any]]) -> Crop | None:
    """Find a pipeline's random crop; None if there is none, or if anything but one resize changes sizes before it."""
    scales, keep_ratio = None, False
    for step in pipeline:
        kind = str(step.get("type")).split(".")[-1]
        if kind in CROPS:
            size = step["crop_size"]
            height, width = (size, size) if isinstance(size, int) else size
            return Crop((width, height), scales, keep_ratio)
        if any(word in kind for word in SIZE_CHANGES):
            found = _scales(kind, step) if scales is None else None
            if found is None:
                return None
            scales, keep_ratio = found, bool(step.get("keep_ratio", False))
    return None


def _scales(kind: str, step: Mapping[str, Any]) -> tuple[tuple[int, int], tuple[int, int]] | None:
    """Return smallest and largest scale of a resize, (W, H) each; None for other steps."""
    if step.get("resize_type", "Resize") != "Resize":
        return None
    if kind == "RandomChoiceResize":
        scales = [(scale, scale) if isinstance(scale, int) else tuple(scale) for scale in step["scales"]]
    elif kind in ("Resize", "RandomResize") and step.get("scale"):
        scale = (step["scale"],) * 2 if isinstance(step["scale"], int) else step["scale"]
        if isinstance(scale[0], int):
            scales = [tuple(int(side * ratio) for side in scale) for ratio in step.get("ratio_range") or (1, 1)]
        else:  # a range of widths and a range of heights
            scales = [tuple(end(sides) for sides in zip(*scale, strict=True)) for end in (min, max)]
    else:
        return None
    return min(scales), max(scales)
