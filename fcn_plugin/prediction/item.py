"""One image to segment, and where it came from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Item:
    """An image and what the results are named after.

    Attributes:
        name: relative path of its results, without suffix: ``street/0001``.
        image: (H, W, 3) uint8 RGB, upright; (H, W, N) for a net of N bands.
        source: file, URL or device that it was read from.
        frame: number of the frame or page in its source, from 0; None for a source of one image.
        fps: frames per second of its source, if that is a video.
        georeference: ``crs`` and ``transform`` of rasterio, if the source has them.
    """

    name: str
    image: np.ndarray
    source: str
    frame: int | None = None
    fps: float | None = None
    georeference: dict[str, Any] | None = None
