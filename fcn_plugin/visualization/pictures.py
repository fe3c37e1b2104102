"""Pictures of segmentations: palette masks, overlays, panels side by side.

Images are (H, W, 3) uint8 RGB, masks (H, W) class ids, palettes (C, 3) uint8 RGB.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from ..errors import UserError

VOID = 255
VOID_COLOUR = (224, 224, 192)  # VOC's colour of id 255


def colour_table(palette: Sequence[Sequence[int]]) -> np.ndarray:
    """(256, 3) uint8: the palette, black for unused ids, VOC's pale yellow for void.

    Raises:
        UserError: more classes than a palette PNG has ids.
    """
    if len(palette) > 256:
        raise UserError(f"{len(palette)} classes do not fit a palette PNG, which has 256 ids")
    table = np.zeros((256, 3), np.uint8)
    table[: len(palette)] = np.asarray(palette, np.uint8)
    table[VOID] = VOID_COLOUR
    return table


def save_mask(mask: np.ndarray, palette: Sequence[Sequence[int]], path: Path) -> None:
    """Write class ids as a palette PNG, which viewers show in colour and programs read as ids."""
    image = Image.frombytes("P", mask.shape[::-1], np.ascontiguousarray(mask, np.uint8).tobytes())
    image.putpalette(colour_table(palette).tobytes())
    image.save(path)


def overlay(image: np.ndarray, mask: np.ndarray, palette: Sequence[Sequence[int]], opacity: float = 0.5) -> np.ndarray:
    """Blend the mask's colours over the image, (H, W, 3) uint8."""
    colours = colour_table(palette)[mask]
    return np.round(image * (1 - opacity) + colours * opacity).astype(np.uint8)


def panel(tiles: Sequence[tuple[str, np.ndarray]], scale: int = 1, titles: bool = True) -> Image.Image:
    """Tiles side by side with their titles above; each (title, (H, W, 3) uint8 of one size)."""
    height, width = (scale * side for side in tiles[0][1].shape[:2])
    gap, bar = 4, 16 if titles else 4
    sheet = Image.new("RGB", (len(tiles) * (width + gap) - gap, height + bar), "white")
    draw = ImageDraw.Draw(sheet)
    for i, (title, tile) in enumerate(tiles):
        x = i * (width + gap)
        if titles:
            draw.text((x + width // 2, bar // 2), title, fill="black", anchor="mm")
        sheet.paste(Image.fromarray(tile).resize((width, height), Image.Resampling.NEAREST), (x, bar))
    return sheet
