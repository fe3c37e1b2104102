"""Read the labelled frames of NYUDv2: ``nyu_depth_v2_labeled.mat`` (MATLAB 7.3, which is HDF5), class mapping and split.

HDF5 has MATLAB's axes in reverse order: ``images`` (N, 3, 640, 480); ``depths`` and ``rawDepths`` in metres and ``labels``
(N, 640, 480).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ...errors import UserError
from ...requirements import import_extra
from ..voc_sbd.matlab import read_field

ROWS, COLUMNS = slice(45, 470), slice(40, 600)  # crop of Gupta et al. in 480 x 640, without the white border
FIRST = 5001  # their number of the first frame
CLASSES = 40
AGAIN = "download it again"


class Frame(NamedTuple):
    """A frame without the border, 425 x 560."""

    image: np.ndarray  # (H, W, 3) uint8 RGB
    depth: np.ndarray  # (H, W) uint16 in mm, filled in everywhere
    missing: np.ndarray  # (H, W) bool, where the sensor measured no depth
    labels: np.ndarray  # (H, W), 1 .. 894, 0 void


def count_frames(path: Path) -> int:
    """Count the frames; UserError: ``requirements``, ``archive-damaged``."""
    return len(_open(path, lambda file: file["labels"][:, 0, 0]))


def read_frame(path: Path, index: int) -> Frame:
    """Read the frame of an index from 0; UserError as :func:`count_frames`."""
    names = ("images", "depths", "rawDepths", "labels")
    image, depth, raw, labels = _open(path, lambda file: [file[name][index].T[ROWS, COLUMNS] for name in names])
    if image.shape != (425, 560, 3) or not depth.shape == raw.shape == labels.shape == image.shape[:2]:
        raise UserError("archive-damaged", f"{path}: frame {index} is {image.shape}, not of 640 x 480 pixels: {AGAIN}")
    return Frame(image, np.round(1000 * depth).clip(1, 65535).astype(np.uint16), raw == 0, labels)


def _open(path: Path, read: Callable[[Any], Any]) -> Any:
    h5py = import_extra("h5py", "'fcn-plugin[nyud]'")
    try:
        with h5py.File(path, "r") as file:
            return read(file)
    except Exception as error:  # HDF5's errors have no common class
        found = f"{path} can't be read as NYUDv2's labelled frames ({type(error).__name__}: {error})"
        raise UserError("archive-damaged", f"{found}: {AGAIN}") from error


def read_mapping(path: Path) -> np.ndarray:
    """Read ``mapClass``; return the class of each label, 1 .. 40, and 0 for label 0, void. UserError: ``class-file``."""
    classes = _vector(path, "mapClass", "class-file")
    if len(classes) < CLASSES or not np.isin(classes, np.arange(CLASSES + 1)).all():
        found = f"{path}: mapClass has {len(classes)} values from {classes.min():g} to {classes.max():g}"
        raise UserError("class-file", f"{found}: use classMapping40.mat, with 894 values from 1 to {CLASSES}")
    return np.concatenate([[0], classes]).astype(np.uint8)


def read_split(path: Path, count: int) -> dict[str, list[int]]:
    """Read the indices of ``trainval`` and ``test``, counted from 0; UserError: ``list-file``, ``lists-overlap``."""
    split = {
        name: sorted(_vector(path, field, "list-file").astype(int) - 1)
        for name, field in (("trainval", "trainNdxs"), ("test", "testNdxs"))
    }
    for name, indices in split.items():
        if not indices or indices[0] < 0 or indices[-1] >= count:
            raise UserError("list-file", f"{path}: {name} names frames that are not among the {count}: {AGAIN}")
    if shared := set(split["trainval"]) & set(split["test"]):
        raise UserError("lists-overlap", f"{path}: trainNdxs and testNdxs share {len(shared)} frames: {AGAIN}")
    return split


def _vector(path: Path, name: str, code: str) -> np.ndarray:
    try:
        return read_field(path, name).ravel(order="F").astype(float)
    except Exception as error:  # a damaged file can fail anywhere in the reader
        raise UserError(code, f"{path} holds no {name} ({type(error).__name__}: {error}): {AGAIN}") from error
