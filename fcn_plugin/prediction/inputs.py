"""Turn what users hold into the net's input: paths, NumPy arrays, PIL images, torch tensors -> (H, W, 3) uint8 BGR.

As :func:`.data.images.read_image` does with files: grey becomes three equal channels, transparency is dropped, EXIF turns.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageOps

from ..data.headers import image_problems
from ..data.images import read_image
from ..data.problems import refuse
from ..errors import UserError

KINDS = "give a path, a PIL image, a NumPy array (H, W, 3) or a torch tensor (3, H, W), RGB uint8"
DEEP = ("I", "F")  # Pillow's modes of more than 8 bits begin so


def to_bgr(image: Any) -> np.ndarray:
    """Return an image as (H, W, 3) uint8 BGR, upright.

    Args:
        image: a path; a PIL image of any 8-bit mode; uint8 array (H, W) or (H, W, 1, 3 or 4), RGB; uint8 tensor (1, 3 or 4, H, W).

    Raises:
        UserError: ``image-kind`` for anything else; ``image-unreadable``, ``image-depth`` for files.
    """
    if isinstance(image, (str, os.PathLike)):
        header, pixels = read_image(os.fspath(image))
        refuse(image_problems(header))
        return pixels
    if isinstance(image, Image.Image):
        if image.mode.startswith(DEEP):
            raise UserError("image-kind", f"a PIL image of mode {image.mode}: scale it to 8 bits")
        image = np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
    elif isinstance(image, torch.Tensor):
        image = image.detach().cpu().numpy()
        image = image.transpose(1, 2, 0) if image.ndim == 3 else image
    if not isinstance(image, np.ndarray):
        raise UserError("image-kind", f"a {type(image).__name__} is no image: {KINDS}")
    pixels = image[..., None] if image.ndim == 2 else image
    if image.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] not in (1, 3, 4) or not pixels.size:
        raise UserError("image-kind", f"an array of shape {image.shape}, {image.dtype} is no image: {KINDS}")
    if pixels.shape[2] == 1:
        return np.repeat(pixels, 3, axis=2)
    return np.ascontiguousarray(pixels[..., 2::-1])
