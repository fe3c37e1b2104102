"""Masks: SBD's ``.mat`` as palette PNG, and copies of either release's masks.

A mask is (H, W) uint8, the id of VOC's class at each pixel, 0 background. SBD has no void; VOC's masks have 255 on the
objects' borders.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.io import loadmat

from ...atomic_write import atomic_write
from ...data.palette import CLASS_NAMES, voc_palette
from ...errors import UserError
from .releases import EXTRACT_AGAIN


def read_sbd_mask(path: Path) -> np.ndarray:
    """``GTcls.Segmentation`` of an SBD file, (H, W) uint8.

    Raises:
        UserError: not such a file, or ids outside VOC's classes.
    """
    try:
        mask = loadmat(path, variable_names=["GTcls"])["GTcls"][0, 0]["Segmentation"]
    except Exception as error:  # a damaged file can fail anywhere in the reader
        raise UserError(
            f"{path} can't be read as an SBD mask, GTcls.Segmentation ({type(error).__name__}: {error}): {EXTRACT_AGAIN}"
        ) from error
    if not isinstance(mask, np.ndarray) or mask.ndim != 2 or mask.dtype.kind not in "uif":
        raise UserError(f"{path}: GTcls.Segmentation is no matrix of class ids: {EXTRACT_AGAIN}")
    stray = np.setdiff1d(mask, np.arange(len(CLASS_NAMES)))
    if stray.size:
        found = ", ".join(f"{value:g}" for value in stray[:3])
        raise UserError(f"{path}: ids {found} are outside the classes 0..{len(CLASS_NAMES) - 1}: {EXTRACT_AGAIN}")
    return mask.astype(np.uint8)


def convert_mask(source: Path, image: Path, target: Path) -> None:
    """Write an SBD mask as a PNG with VOC's colours, of the size of its image; it appears only when it is whole.

    Raises:
        UserError: the mask or the image can't be read, or they differ in size.
    """
    mask = read_sbd_mask(source)
    try:
        with Image.open(image) as picture:
            width, height = picture.size
    except (OSError, ValueError, SyntaxError) as error:
        raise UserError(f"{image} can't be read ({error}): {EXTRACT_AGAIN}") from error
    if mask.shape != (height, width):
        raise UserError(f"{source} is {mask.shape}, its image {image} is {(height, width)}: they must have one size")
    picture = Image.fromarray(mask)
    picture.putpalette(voc_palette().tobytes())
    with atomic_write(target) as part:
        picture.save(part, format="PNG")


def copy_mask(source: Path, target: Path) -> None:
    """Copy a file; the copy appears only when it is whole."""
    with atomic_write(target) as part:
        shutil.copyfile(source, part)
