"""An image or a mask of noise, of any mode and format, turned or cut short."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from fcn_plugin.data.palette import voc_palette

EXIF_ORIENTATION = 0x0112


@dataclass(frozen=True)
class File:
    """Attributes: ``kept``, bytes that are left of it: all, a share, or all but the last few."""

    mode: str
    suffix: str
    size: tuple[int, int]
    seed: int
    orientation: int = 1
    kept: float | int | None = None
    ids: tuple[int, ...] = ()

    def write(self, path: Path) -> None:
        """Noise, or ids at random."""
        random = np.random.default_rng(self.seed)
        width, height = self.size
        if self.ids:
            picture = _of_ids(random.choice(self.ids, (height, width)), self.mode)
        else:
            noise = random.integers(0, 256, (height, width, 3), np.uint8)
            picture = _deep(noise) if self.mode == "I;16" else Image.fromarray(noise).convert(self.mode)
        exif = Image.Exif()
        exif[EXIF_ORIENTATION] = self.orientation
        options = {} if self.orientation == 1 else {"exif": exif}
        picture.save(path, **options)
        data = path.read_bytes()
        if isinstance(self.kept, float):
            path.write_bytes(data[: int(self.kept * len(data))])
        elif self.kept is not None:
            path.write_bytes(data[: -self.kept])


def _deep(noise: np.ndarray) -> Image.Image:
    return Image.fromarray(noise[..., 0].astype(np.uint16) * 16)


def _of_ids(ids: np.ndarray, mode: str) -> Image.Image:
    if mode == "I":
        return Image.fromarray(ids.astype(np.int32))
    if mode == "I;16":
        return Image.fromarray(ids.astype(np.uint16))
    if mode == "1":
        return Image.fromarray(ids.astype(bool))
    mask = Image.fromarray(ids.astype(np.uint8))
    if mode == "P":
        mask.putpalette(voc_palette().tobytes())
        return mask
    return mask.convert(mode)
