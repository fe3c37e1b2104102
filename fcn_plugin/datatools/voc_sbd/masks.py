"""Convert SBD's ``.mat`` to palette PNGs, and copy masks of either release.

A mask is (H, W) uint8 with VOC's class ids, 0 background. SBD has no void; VOC's masks have 255 on the objects' borders.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np

from ...atomic_write import atomic_write
from ...data.headers import mask_problems
from ...data.images import read_header, read_mask
from ...data.palette import CLASS_NAMES, voc_palette
from ...data.problems import refuse
from ...errors import UserError, abbreviate
from ...visualization.pictures import save_mask
from .matlab import read_field
from .sources import EXTRACT_AGAIN


def read_sbd_mask(path: Path) -> np.ndarray:
    """Read ``GTcls.Segmentation`` of an SBD file: (H, W) uint8; UserError: ``mask-unreadable``, ``mask-ids``."""
    try:
        mask = read_field(path, "GTcls", "Segmentation")
        if mask.ndim != 2:
            raise ValueError(f"it has {mask.ndim} axes")
    except Exception as error:  # a damaged file can fail anywhere in the reader
        found = f"can't read GTcls.Segmentation from {path} ({type(error).__name__}: {error})"
        raise UserError("mask-unreadable", f"{found}: {EXTRACT_AGAIN}") from error
    if (stray := np.setdiff1d(mask, np.arange(len(CLASS_NAMES)))).size:
        found = f"ids {abbreviate([f'{value:g}' for value in stray])} are outside the classes 0..{len(CLASS_NAMES) - 1}"
        raise UserError("mask-ids", f"{path}: {found}: {EXTRACT_AGAIN}")
    return mask.astype(np.uint8)


def convert_mask(source: Path, image: Path, target: Path) -> None:
    """Write an SBD mask as a PNG with VOC's colours; UserError: ``image-unreadable``, ``mask-size``, or those of the mask."""
    mask, shape = read_sbd_mask(source), read_header(str(image)).size[::-1]
    if mask.shape != shape:
        raise UserError("mask-size", f"{source} is {mask.shape}, but its image {image} is {shape}: they must be equal")
    save_mask(mask, voc_palette(), target)


def copy_mask(source: Path, target: Path) -> None:
    """Copy a mask; UserError: ``mask-unreadable``, also for a link; ``mask-colours``, ``mask-lossy``."""
    if source.is_symlink():  # could lead to any file
        raise UserError("mask-unreadable", f"{source} is a link, not a mask of the release: {EXTRACT_AGAIN}")
    refuse(mask_problems(read_mask(str(source))[0]))
    with atomic_write(target) as part:
        shutil.copyfile(source, part)
