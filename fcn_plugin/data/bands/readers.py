"""Read the images of a data set as its pipeline does, for the check, pictures and prediction."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...listing import IMAGE_SUFFIXES
from ..headers import Header, image_problems, is_tiff_with_alpha
from ..images import read_image, verify
from ..problems import Problem
from .picture import draw_bands
from .read import SUFFIXES, read_bands, read_bands_header


@dataclass(frozen=True)
class ImageReader:
    """Read 8-bit images as (H, W, 3) uint8 BGR, like mmcv's loader except for TIFFs with alpha (see ``stock``)."""

    stock: bool = False  # the pipeline uses mmcv's own loader

    suffixes: Collection[str] = frozenset(IMAGE_SUFFIXES)

    def read(self, path: str) -> tuple[Header, np.ndarray]:
        """Read an image; raises UnreadableFile."""
        return read_image(path)

    def verify(self, path: str) -> Header:
        """Read a header and raise for damage that loading would not notice."""
        return verify(path)

    def problems(self, header: Header) -> list[Problem]:
        """List what loading would change."""
        if self.stock and is_tiff_with_alpha(header):
            return [Problem("image-multiplied", header.path, "a TIFF whose fourth band is tagged as alpha")]
        return image_problems(header)

    def picture(self, pixels: np.ndarray) -> np.ndarray:
        """Convert pixels to (H, W, 3) uint8 RGB."""
        return np.ascontiguousarray(pixels[..., ::-1])


@dataclass(frozen=True)
class BandsReader:
    """Read images with any bands as (H, W, N); ``rgb``: bands that pictures show, from 1 (:mod:`.picture`)."""

    rgb: Sequence[int] | None = None

    suffixes: Collection[str] = frozenset(SUFFIXES)

    def read(self, path: str) -> tuple[Header, np.ndarray]:
        """Read an image; raises UnreadableFile."""
        return read_bands(path)

    def verify(self, path: str) -> Header:
        """Read a header; the loader itself finds damage."""
        return read_bands_header(path)

    def problems(self, header: Header) -> list[Problem]:
        """Return an empty list: all bands and bits are kept."""
        return []

    def picture(self, pixels: np.ndarray) -> np.ndarray:
        """Draw three bands, (H, W, 3) uint8 RGB."""
        return draw_bands(pixels, self.rgb)


Reader = ImageReader | BandsReader
PLAIN = ImageReader()


def reader_of(pipeline: Iterable[Any], rgb: Sequence[int] | None = None) -> Reader:
    """Return the reader that matches a pipeline's loader.

    Args:
        pipeline: entries of a config, or built steps.
        rgb: bands that pictures show.
    """
    names = [str(step.get("type")) if isinstance(step, dict) else type(step).__name__ for step in pipeline]
    if any(name.endswith("FCNLoadBands") for name in names):
        return BandsReader(rgb)
    return ImageReader(stock=any(name.rpartition(".")[2] == "LoadImageFromFile" for name in names))
