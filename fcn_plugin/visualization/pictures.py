"""Draw segmentations: palette masks, overlays, panels of tiles, several nets side by side.

Images are (H, W, 3) uint8 RGB, masks (H, W) class ids, palettes (C, 3) uint8 RGB.
"""

from __future__ import annotations

import glob
from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw

from ..atomic_write import atomic_write
from ..data.bands.read import SUFFIXES
from ..data.bands.readers import PLAIN, BandsReader
from ..data.images import UnreadableFile, open_image
from ..data.palette import VOID, Palette
from ..errors import UserError
from ..invocation import command

VOID_COLOUR = (224, 224, 192)  # VOC's colour of id 255


def colour_table(palette: Palette) -> np.ndarray:
    """Return the colour of each id, (256, 3) uint8: from the palette, black for unused ids, VOC's pale yellow for void."""
    if len(palette) > 256:
        raise UserError("classes-count", f"{len(palette)} classes exceed the 256 ids of a palette PNG")
    table = np.zeros((256, 3), np.uint8)
    table[: len(palette)] = np.asarray(palette, np.uint8)
    table[VOID] = VOID_COLOUR
    return table


def save_mask(mask: np.ndarray, palette: Palette, path: Path) -> None:
    """Write class ids as a palette PNG, which viewers show in colour and programs read as ids."""
    save_png(mask_picture(mask, palette), path)


def mask_picture(mask: np.ndarray, palette: Palette) -> Image.Image:
    """Return class ids as a picture with a palette."""
    image = Image.fromarray(np.asarray(mask, np.uint8))
    image.putpalette(colour_table(palette).tobytes())
    return image


def save_png(image: Image.Image, path: Path) -> None:
    """Write a picture as PNG, atomically and with any suffix."""
    with atomic_write(path) as part:
        image.save(part, "PNG")


def overlay(image: np.ndarray, mask: np.ndarray, palette: Palette, opacity: float = 0.5) -> np.ndarray:
    """Blend the mask's colours over the image, (H, W, 3) uint8."""
    return np.round(image * (1 - opacity) + colour_table(palette)[mask] * opacity).astype(np.uint8)


def outline_overlay(image: np.ndarray, maps: np.ndarray, palette: Palette) -> np.ndarray:
    """Draw the inner border of each label's pixels over the image, (H, W, 3) uint8; ``maps`` are (C, H, W), 1 inside.

    Borders are 1/200 of the longer side wide; where they overlap, the last label's is visible.
    """
    drawn, width = image.copy(), 1 + max(image.shape) // 200
    kernel = np.ones((2 * width + 1, 2 * width + 1), np.uint8)
    for label, colour in zip(maps, palette, strict=True):
        inside = np.uint8(label == 1)
        drawn[inside > cv2.erode(inside, kernel, borderValue=0)] = colour
    return drawn


def label_map_paths(folder: Path, classes: Sequence[str]) -> list[Path]:
    """Return the file of each label's map, ``CLASS.png``."""
    return [folder / f"{name.replace('/', '_')}.png" for name in classes]


def save_label_maps(maps: np.ndarray, classes: Sequence[str], folder: Path) -> None:
    """Write a picture for each label, 255 inside and 0 elsewhere; ``maps`` are (C, H, W), 1 inside."""
    for label, path in zip(maps, label_map_paths(folder, classes), strict=True):
        save_png(Image.fromarray(255 * np.uint8(label == 1)), path)


def panel(*rows: Sequence[tuple[str, np.ndarray]], scale: int = 1) -> Image.Image:
    """Draw rows of enlarged tiles, (title, (H, W, 3) uint8) of equal size per row, with titles above the first row."""
    gap, y = 4, 16
    sizes = [(scale * row[0][1].shape[1], scale * row[0][1].shape[0]) for row in rows]
    width = max(len(row) * (width + gap) - gap for row, (width, _) in zip(rows, sizes, strict=True))
    sheet = Image.new("RGB", (width, y - gap + sum(height + gap for _, height in sizes)), "white")
    for row, size in zip(rows, sizes, strict=True):
        for i, (title, tile) in enumerate(row):
            x = i * (size[0] + gap)
            if row is rows[0]:
                ImageDraw.Draw(sheet).text((x + size[0] // 2, y // 2), title, fill="black", anchor="mm")
            sheet.paste(Image.fromarray(tile).resize(size, Image.Resampling.NEAREST), (x, y))
        y += size[1] + gap
    return sheet


def compare(
    images: str | Path, truth: str | Path, masks: Mapping[str, str], names: Sequence[str] | None = None, scale: int = 2
) -> Image.Image:
    """Draw rows of image | truth | one mask per net; UserError: ``file-missing``, ``mask-size``.

    Args:
        images, truth: folders of images and masks; masks without a palette are drawn in the nets' colours. Where they hold
            the ids 0 and 255 alone, 255 is the second class.
        masks: title -> folder of palette PNGs named after the images, in the same subfolders.
        names: images to show, as paths without suffix; default: the first three of the first folder.
    """
    first = Path(next(iter(masks.values())))
    found = (path.relative_to(first).with_suffix("").as_posix() for path in first.rglob("*.png"))
    names = names or sorted(found)[:3]
    if not names:
        raise UserError("file-missing", f"no masks in {first}: write them with {command('test')} --out DIR")
    rows, truths = [], [_open(truth, name) for name in names]
    plain = [image for image in truths if image.mode == "L"]
    if {value for image in plain for _, value in image.getcolors() or ()} == {0, VOID}:
        truths = [image.point(lambda value: value // VOID) if image.mode == "L" else image for image in truths]
    for name, true in zip(names, truths, strict=True):
        palette = _open(first, name).getpalette()
        tiles = [("image", _photo(images, name)), ("truth", _colours(true, palette))]
        tiles += [(title, _colours(_open(folder, name))) for title, folder in masks.items()]
        if len({tile.shape for _, tile in tiles}) > 1:
            sizes = [(title, tile.shape[:2]) for title, tile in tiles]
            raise UserError("mask-size", f"image and masks of {name} must have the same (height, width): {sizes}")
        rows.append(tiles)
    return panel(*rows, scale=scale)


def _photo(folder: str | Path, name: str) -> np.ndarray:
    """Read an image as (H, W, 3), upright; show three bands of images that are not 8-bit RGB or gray."""
    path = _find(folder, name)
    try:
        return PLAIN.picture(PLAIN.read(path)[1])
    except UnreadableFile:
        if Path(path).suffix.lower() not in SUFFIXES:
            raise
        return BandsReader().picture(BandsReader().read(path)[1])


def _open(folder: str | Path, name: str) -> Image.Image:
    return open_image(_find(folder, name))[1]


def _find(folder: str | Path, name: str) -> str:
    found = sorted(Path(folder).glob(f"{glob.escape(name)}.*"))
    if not found:
        remedy = f"correct the folder or the name; {command('test')} --out writes masks"
        raise UserError("file-missing", f"no file {Path(folder) / name}.*: {remedy}")
    return str(found[0])


def _colours(image: Image.Image, palette: list[int] | None = None) -> np.ndarray:
    """Convert an image or mask to (H, W, 3); ids without a palette get the colours of ``palette``."""
    if image.mode == "L" and palette:
        image.putpalette(palette)
    return np.asarray(image.convert("RGB"))
