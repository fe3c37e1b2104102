"""Load multi-label masks as one map per class, each of which mmseg's transforms treat as a mask.

K classes. A sample's mask is a folder with a picture for each class, named after it, or one file with a band for each class.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform
from mmseg.registry import TRANSFORMS

from ...errors import UserError
from ...listing import IMAGE_SUFFIXES
from ...requirements import import_extra
from ..class_map import IGNORED, describe_ids
from ..headers import mask_problems, width_height
from ..images import open_image
from ..problems import Problem, refuse

FIELD = "gt_seg_map_{}"  # key of a class's map, (H, W) uint8: 0, 1 or 255 for void


@TRANSFORMS.register_module()
class MultilabelLoadAnnotations(BaseTransform):
    """Add a map for each class to a sample.

    ``seg_map_path`` is a folder with ``CLASS.png`` (a class without a file is absent from the image), a ``.npy`` file (H, W, K) or
    a TIFF with K bands. Samples without masks are allowed.

    Args:
        classes: K names, in the order of channels and bands.
        on: value of pixels that have the label; 0 means that they have not.
        void: value that loss and scores leave out; default 255, unless that is ``on``.

    Raises:
        UserError: mask-unreadable, mask-colours, mask-size, mask-ids; classes-count for a wrong number of bands; file-name for a
            file that is not named after a class.
    """

    def __init__(self, classes: Sequence[str], on: int = 255, void: int | None = None) -> None:
        self.classes = tuple(classes)
        void = IGNORED if void is None and on != IGNORED else void
        self.values = {0: 0, on: 1} | ({} if void is None else {void: IGNORED})

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Add ``gt_seg_map_0`` to ``gt_seg_map_{K - 1}``."""
        path = results.get("seg_map_path")
        if path is None:
            return results
        shape = tuple(results["ori_shape"])
        found = _pictures(Path(path), self.classes, shape) if Path(path).is_dir() else _bands(path, self.classes)
        for index, (file, values) in enumerate(found.items()):
            if values.shape != shape:
                sizes = f"{width_height(values.shape[::-1])}, its image {width_height(shape[::-1])}"
                refuse([Problem("mask-size", file, sizes)])
            results[FIELD.format(index)] = self._convert(values, file)
            results["seg_fields"].append(FIELD.format(index))
        return results

    def _convert(self, values: np.ndarray, file: str) -> np.ndarray:
        labels = np.full(values.shape, 2, np.uint8)
        for value, label in self.values.items():
            labels[values == value] = label
        if values.dtype == bool:
            return values.astype(np.uint8)
        if (strange := labels == 2).any():
            known = ", ".join(map(str, self.values))
            found = describe_ids(*np.unique(values[strange], return_counts=True))
            refuse([Problem("mask-ids", file, f"{found} outside {known} (the loader's on and void)")])
        return labels


def _pictures(folder: Path, classes: Sequence[str], shape: tuple[int, int]) -> Mapping[str, np.ndarray]:
    files = {
        file.stem: file for file in folder.iterdir() if file.suffix.lower() in IMAGE_SUFFIXES and file.name[0] != "."
    }
    if strange := sorted(files.keys() - set(classes)):
        raise UserError("file-name", f"{files[strange[0]]} is not named after a class: {', '.join(classes)}")
    found = {}
    for name in classes:
        if name in files:
            header, image = open_image(str(files[name]), "mask")
            refuse(mask_problems(header))
            found[str(files[name])] = np.asarray(image)
        else:
            found[str(folder / name)] = np.zeros(shape, np.uint8)
    return found


def _bands(path: str, classes: Sequence[str]) -> Mapping[str, np.ndarray]:
    try:
        if path.lower().endswith(".npy"):
            bands = np.load(path, allow_pickle=False).transpose(2, 0, 1)
        else:
            rasterio = import_extra("rasterio", "'fcn-plugin[forms]'")
            with rasterio.open(path) as file:
                bands = file.read()
    except (OSError, ValueError) as error:  # rasterio's errors are OSErrors
        raise UserError(
            "mask-unreadable", f"can't read {path} as (H, W, K) or bands: {error}; save it again"
        ) from error
    if len(bands) != len(classes):
        raise UserError("classes-count", f"{path} has {len(bands)} bands for {len(classes)} classes: make them equal")
    return {
        f"{path}, band {index} ({name})": band for index, (name, band) in enumerate(zip(classes, bands, strict=True), 1)
    }
