"""An image to segment and its source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Item:
    """An image to segment, and the name of its results.

    Attributes:
        name: relative path of its results, without suffix: ``street/0001``.
        image: (H, W, 3) uint8 RGB, upright; (H, W, N) for a net of N bands.
        source: file, URL or device of the image.
        frame: number of the frame or page in its source, from 0; None for single images.
        fps: frames per second of the source, if it is a video.
        georeference: rasterio's ``crs`` and ``transform``, if the source has them.
    """

    name: str
    image: np.ndarray
    source: str
    frame: int | None = None
    fps: float | None = None
    georeference: dict[str, Any] | None = None
