"""Several nets' masks beside the image and the truth, one image a row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from ..errors import UserError
from .pictures import panel


def compare(
    images: str | Path,
    truth: str | Path,
    masks: Mapping[str, str],
    names: Sequence[str] | None = None,
    scale: int = 2,
) -> Image.Image:
    """Rows of image | truth | one mask per net.

    Args:
        images: folder of the images.
        truth: folder of their masks; such without a palette are drawn in the nets' colours.
        masks: title -> folder of palette PNGs named after the images.
        names: images to show, without suffix; the first three of the first folder by default.
        scale: enlargement.

    Raises:
        UserError: an image or mask is missing, or masks differ in size.
    """
    first = Path(next(iter(masks.values())))
    names = names or sorted(path.stem for path in first.glob("*.png"))[:3]
    if not names:
        raise UserError(f"no masks in {first}: write them with tools/test.py --out DIR")
    rows = []
    for name in names:
        palette = _open(first, name).getpalette()
        tiles = [("image", _colours(_open(images, name), None)), ("truth", _colours(_open(truth, name), palette))]
        tiles += [(title, _colours(_open(folder, name), None)) for title, folder in masks.items()]
        if len({tile.shape for _, tile in tiles}) > 1:
            raise UserError(f"image and masks of {name} differ in size: {[(t, tile.shape[:2]) for t, tile in tiles]}")
        rows.append(panel(tiles, scale, titles=not rows))
    sheet = Image.new("RGB", (rows[0].width, sum(row.height for row in rows)), "white")
    for i, row in enumerate(rows):
        sheet.paste(row, (0, sum(r.height for r in rows[:i])))
    return sheet


def _open(folder: str | Path, name: str) -> Image.Image:
    found = sorted(Path(folder).glob(f"{name}.*"))
    if not found:
        raise UserError(
            f"no file {Path(folder) / name}.*: name the folders of images and truth, and write masks with tools/test.py --out DIR"
        )
    return Image.open(found[0])


def _colours(image: Image.Image, palette: list[int] | None) -> np.ndarray:
    """(H, W, 3) of an image or mask; ids without colours of their own get those of the palette."""
    if image.mode == "L" and palette:
        image.putpalette(palette)
    return np.asarray(image.convert("RGB"))
