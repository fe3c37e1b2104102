"""Read and check the masks of releases that keep them in ``.mat`` files."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..data.images import read_header
from ..errors import UserError, abbreviate
from .voc_sbd.matlab import read_field
from .voc_sbd.sources import EXTRACT_AGAIN


def read_mat_mask(path: Path, variable: str, release: str) -> np.ndarray:
    """Return a matrix of numbers, (H, W); UserError: ``mask-unreadable``, which names the release."""
    try:
        ids = read_field(path, variable)
        if ids.ndim != 2:
            raise ValueError(f"it has {ids.ndim} axes")
    except Exception as error:  # a damaged file can fail anywhere in the reader
        found = f"{path} can't be read as a mask of {release}, {variable} ({type(error).__name__}: {error})"
        raise UserError("mask-unreadable", f"{found}: {EXTRACT_AGAIN}") from error
    return ids.astype(np.float64) if ids.dtype.kind == "f" else ids.astype(np.int64)


def check_mat_mask(path: Path, ids: np.ndarray, image: Path, known: np.ndarray, fault: str) -> None:
    """Check the ids and the size of a mask.

    Args:
        path: file of the mask.
        ids: the mask, (H, W).
        image: file of its image.
        known: all valid ids.
        fault: what is wrong with other ids, for the message.

    Raises:
        UserError: ``mask-ids``, ``mask-size``, ``image-unreadable``.
    """
    if (stray := np.setdiff1d(ids, known)).size:
        found = f"ids {abbreviate([f'{value:g}' for value in stray])} are {fault}"
        raise UserError("mask-ids", f"{path}: {found}: {EXTRACT_AGAIN}")
    if ids.shape != (shape := read_header(str(image)).size[::-1]):
        raise UserError("mask-size", f"{path} is {ids.shape}, but its image {image} is {shape}: they must be equal")
