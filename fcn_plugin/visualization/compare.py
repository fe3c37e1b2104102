"""Several nets' masks beside the image and the truth, one image a row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from ..errors import UserError
from .pictures import panel


def compare(voc_root: str, masks: Mapping[str, str], names: Sequence[str] | None = None, scale: int = 2) -> Image.Image:
    """Rows of image | truth | one mask per net.

    Args:
        voc_root: folder in PASCAL VOC's layout (``JPEGImages``, ``SegmentationClass``).
        masks: title -> folder of palette PNGs named after the images.
        names: images to show, without suffix; the first three of the first folder by default.
        scale: enlargement.

    Raises:
        UserError: an image or mask is missing, or masks differ in size.
    """
    root = Path(voc_root)
    first = Path(next(iter(masks.values())))
    names = names or sorted(path.stem for path in first.glob("*.png"))[:3]
    if not names:
        raise UserError(f"no masks in {first}: write them with tools/test.py --out DIR")
    rows = []
    for name in names:
        files = {"image": root / "JPEGImages" / f"{name}.jpg", "truth": root / "SegmentationClass" / f"{name}.png"}
        files |= {title: Path(folder) / f"{name}.png" for title, folder in masks.items()}
        tiles = [(title, _read(path)) for title, path in files.items()]
        if len({tile.shape for _, tile in tiles}) > 1:
            raise UserError(f"image and masks of {name} differ in size: {[(t, tile.shape[:2]) for t, tile in tiles]}")
        rows.append(panel(tiles, scale, titles=not rows))
    sheet = Image.new("RGB", (rows[0].width, sum(row.height for row in rows)), "white")
    for i, row in enumerate(rows):
        sheet.paste(row, (0, sum(r.height for r in rows[:i])))
    return sheet


def _read(path: Path) -> np.ndarray:
    if not path.is_file():
        raise UserError(f"no file {path}: write masks with tools/test.py --out DIR")
    return np.asarray(Image.open(path).convert("RGB"))
