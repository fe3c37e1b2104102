"""Read a mask out of a ``.mat`` file."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..errors import UserError
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
