"""Draw a contact sheet: images with overlaid masks, captions below, a legend of the classes at the bottom.

Images are (H, W, 3) uint8 RGB, masks (H, W) class ids with 255 for void.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ..data.palette import VOID, Palette
from ..errors import UserError, printable
from .pictures import VOID_COLOUR, overlay, save_png

CELL = 320  # px, longest side of a tile
LEAST = 160  # px, smallest width of a column, to keep captions legible
GAP = 8  # px
STRIPE = 8  # px, period of the stripes on void
SWATCH = (28, 16)  # px, width and height
Tile = tuple[str, np.ndarray, "np.ndarray | None"]


def contact_sheet(
    tiles: Sequence[Tile], palette: Palette, classes: Sequence[str], path: str | Path, columns: int = 4
) -> None:
    """Draw tiles into a grid, at most ``columns`` per row, and write it as a PNG; UserError: ``mask-size``.

    Args:
        tiles: one or more of (caption, image, mask or None); a caption may have several lines, long lines are shortened.
        palette: (C, 3) colours of the classes; void is striped.
        classes: C names for the legend, which shows those that occur in the tiles.
    """
    font = _font(13)
    pictures = [_picture(*tile, palette) for tile in tiles]
    columns = min(columns, len(tiles))
    column = max(LEAST, *(picture.width for picture in pictures))
    captions = [caption.splitlines() or [""] for caption, _, _ in tiles]
    line = sum(font.getmetrics())
    below = line * max(map(len, captions)) + 2 * GAP
    bands = [max(picture.height for picture in pictures[i : i + columns]) for i in range(0, len(pictures), columns)]
    width = GAP + columns * (column + GAP)
    names = legend([mask for _, _, mask in tiles if mask is not None], palette, classes, width)
    sheet = Image.new("RGB", (width, GAP + sum(bands) + len(bands) * below + names.height), "white")
    draw = ImageDraw.Draw(sheet)
    for i, (picture, lines) in enumerate(zip(pictures, captions, strict=True)):
        row, place = divmod(i, columns)
        x, y = GAP + place * (column + GAP), GAP + sum(bands[:row]) + row * below
        sheet.paste(picture, (x, y))
        for number, text in enumerate(lines):
            draw.text((x, y + picture.height + 2 + number * line), shorten(text, column, font), fill="black", font=font)
    sheet.paste(names, (0, sheet.height - names.height))
    save_png(sheet, Path(path))


def shorten(text: str, width: float, font: ImageFont.FreeTypeFont) -> str:
    """Remove characters from the middle until the text is at most ``width`` px wide."""
    shown = text = printable(text)  # printable() also cuts texts of millions of characters, which would take hours
    kept = len(text)
    while font.getlength(shown) > width and kept > 1:
        kept -= 1
        shown = f"{text[: kept - kept // 2]}…{text[len(text) - kept // 2 :]}"
    return shown


def _picture(caption: str, image: np.ndarray, mask: np.ndarray | None, palette: Palette) -> Image.Image:
    """Draw a tile in its final size: shrunk smoothly, or enlarged by a whole factor."""
    height, width = image.shape[:2]
    if mask is not None and mask.shape != (height, width):
        raise UserError(
            "mask-size", f"the mask of {caption} has size {mask.shape}, but the image has {(height, width)}"
        )
    scale = CELL / max(height, width)
    scale = int(scale) if scale >= 1 else scale
    size = max(1, round(scale * width)), max(1, round(scale * height))
    smooth = Image.Resampling.NEAREST if scale >= 1 else Image.Resampling.LANCZOS
    scaled = Image.fromarray(image).resize(size, smooth)
    if mask is None:
        return scaled
    ids = Image.fromarray(mask.astype(np.uint8)).resize(size, Image.Resampling.NEAREST)
    return Image.fromarray(_striped_overlay(np.asarray(scaled), np.asarray(ids), palette))


def _striped_overlay(image: np.ndarray, mask: np.ndarray, palette: Palette, opacity: float = 0.5) -> np.ndarray:
    """Blend the mask's colours over the image, with stripes on void, since a class may have a similar colour."""
    blend = overlay(image, mask, palette, opacity)
    diagonal = np.add.outer(*map(np.arange, mask.shape)) % STRIPE
    blend[(mask == VOID) & (diagonal < 3)] = VOID_COLOUR
    blend[(mask == VOID) & (diagonal == 3)] = 0
    return blend


def legend(masks: Sequence[np.ndarray], palette: Palette, classes: Sequence[str], width: int) -> Image.Image:
    """Draw colour and name of every id in the masks, in as many lines as they need."""
    font = _font(14)
    ids = sorted(set().union(*(np.unique(mask).tolist() for mask in masks)))
    x, y, line = GAP, 0, max(SWATCH[1], sum(font.getmetrics())) + GAP
    drawn = Image.new("RGB", (width, line * len(ids)), "white")
    draw = ImageDraw.Draw(drawn)
    for index in ids:
        name = "void" if index == VOID else classes[index] if index < len(classes) else f"id {index} (no class)"
        name = shorten(name, width - SWATCH[0] - 3 * GAP, font)
        advance = SWATCH[0] + GAP + round(font.getlength(name)) + 2 * GAP
        if x > GAP and x + advance > width:
            x, y = GAP, y + line
        grey = np.full((*SWATCH[::-1], 3), 128, np.uint8)
        colour = _striped_overlay(grey, np.full(SWATCH[::-1], index), palette, opacity=1.0)
        drawn.paste(Image.fromarray(colour), (x, y))
        draw.rectangle((x, y, x + SWATCH[0] - 1, y + SWATCH[1] - 1), outline="black")
        draw.text((x + SWATCH[0] + GAP, y + SWATCH[1] // 2), name, fill="black", font=font, anchor="lm")
        x += advance
    return drawn.crop((0, 0, width, y + line if ids else 0))


def _font(size: int) -> ImageFont.FreeTypeFont:
    """Load DejaVu Sans from matplotlib, which has more characters than Pillow's own font."""
    import matplotlib  # takes a quarter of a second

    return ImageFont.truetype(Path(matplotlib.get_data_path()) / "fonts/ttf/DejaVuSans.ttf", size)
