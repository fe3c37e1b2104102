"""Convert paths, NumPy arrays, PIL images and torch tensors to the net's input.

For a net of three channels this is (H, W, 3) uint8 BGR, as from :func:`.data.images.read_image`: gray becomes three equal channels,
transparency is dropped, EXIF orientation applied. For a net of N bands it is (H, W, N); see :func:`.data.bands.read.read_bands`.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageOps

from ..data.bands.read import as_kept, read_bands
from ..data.headers import image_problems
from ..data.images import read_image
from ..data.problems import refuse
from ..errors import UserError

KINDS = "give a path, a PIL image, a NumPy array (H, W, 3) or a torch tensor (3, H, W), RGB uint8"
DEEP = ("I", "F")  # first letters of Pillow's modes with more than 8 bits


def to_bgr(image: Any) -> np.ndarray:
    """Return an image as (H, W, 3) uint8 BGR, upright.

    Args:
        image: a path; an 8-bit PIL image; a uint8 array (H, W) or (H, W, 1, 3 or 4), RGB; a uint8 tensor (1, 3 or 4, H, W).

    Raises:
        UserError: ``image-kind`` for anything else; ``image-unreadable``, ``image-depth`` for files.
    """
    if isinstance(image, (str, os.PathLike)):
        header, pixels = read_image(os.fspath(image))
        refuse(image_problems(header))
        return pixels
    if isinstance(image, Image.Image):
        if image.mode.startswith(DEEP):
            raise UserError("image-kind", f"the PIL image has mode {image.mode}: scale it to 8 bits")
        image = np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
    elif isinstance(image, torch.Tensor):
        image = image.detach().cpu().numpy()
        image = image.transpose(1, 2, 0) if image.ndim == 3 else image
    if not isinstance(image, np.ndarray):
        raise UserError("image-kind", f"not an image: {type(image).__name__}. {KINDS[0].upper()}{KINDS[1:]}")
    pixels = image[..., None] if image.ndim == 2 else image
    if image.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] not in (1, 3, 4) or not pixels.size:
        raise UserError(
            "image-kind", f"not an image: array of shape {image.shape}, {image.dtype}. {KINDS[0].upper()}{KINDS[1:]}"
        )
    if pixels.shape[2] == 1:
        return np.repeat(pixels, 3, axis=2)
    return np.ascontiguousarray(pixels[..., 2::-1])


def to_bands(image: Any) -> np.ndarray:
    """Return an image with all bands, (H, W, N) uint8, uint16 or float32.

    Args:
        image: a path; an array (H, W, N) or (H, W), or a tensor (N, H, W), in the units of the training images; a PIL image.

    Raises:
        UserError: ``image-kind`` for anything else; ``image-unreadable``, ``requirements`` for files.
    """
    if isinstance(image, (str, os.PathLike)):
        return read_bands(os.fspath(image))[1]
    if isinstance(image, torch.Tensor):
        image = image.detach().cpu().numpy()
        image = image.transpose(1, 2, 0) if image.ndim == 3 else image
    pixels = np.asarray(image) if isinstance(image, Image.Image) else image
    if (
        not isinstance(pixels, np.ndarray)
        or pixels.ndim not in (2, 3)
        or not pixels.size
        or pixels.dtype.kind not in "buif"
    ):
        found = (
            f"array of shape {pixels.shape}, {pixels.dtype}" if isinstance(pixels, np.ndarray) else type(image).__name__
        )
        raise UserError(
            "image-kind", f"not an image: {found}. Give a path, an array (H, W, bands) or a tensor (bands, H, W)"
        )
    return as_kept(pixels)
