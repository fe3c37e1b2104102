"""Write ``labelme/NAME.json``: shapes to edit in labelme."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from ....atomic_write import atomic_write, make_inside
from ...item import Item
from ...outlines import Outline
from ...prediction import Prediction
from ..base import Form
from .pieces import objects


class Labelme(Form):
    """One shape per object: a polygon, or a ``mask`` if it has holes, which labelme's polygons can't have.

    The file refers to its image; for frames and downloaded images it contains a copy.
    """

    def files(self, name: str) -> list[Path]:
        """Return the JSON file."""
        return [self.out_dir / "labelme" / f"{name}.json"]

    def write(self, item: Item, prediction: Prediction) -> None:
        """Write the JSON file, with the keys that labelme's ``LabelFile`` reads."""
        (path,) = self.files(item.name)
        make_inside(self.out_dir, path.parent)
        height, width = prediction.labels.shape
        named = item.frame is None and os.path.isfile(item.source)
        content = dict(
            version="5.5.0",  # masks need at least 5.2
            flags={},
            shapes=[_shape(outline, self.classes[outline.label]) for outline in objects(prediction)],
            imagePath=os.path.relpath(item.source, path.parent) if named else f"{path.stem}.png",
            imageData=None if named else _png_text(item.image),
            imageHeight=height,
            imageWidth=width,
        )
        with atomic_write(path) as part:
            part.write_text(json.dumps(content), encoding="utf-8")


def _shape(outline: Outline, name: str) -> dict[str, Any]:
    shape = dict(label=name, points=outline.exterior.tolist(), group_id=None, shape_type="polygon", flags={}, mask=None)
    if outline.holes:
        left, top, width, height = outline.box
        corners = [[left, top], [left + width - 1, top + height - 1]]  # inclusive
        shape.update(points=corners, shape_type="mask", mask=_png_text(outline.mask))
    return shape


def _png_text(pixels: np.ndarray) -> str:
    """Encode an image (H, W, 3) uint8 RGB, or a bool mask (H, W)."""
    pixels = pixels[..., ::-1] if pixels.ndim == 3 else pixels.astype(np.uint8) * 255  # OpenCV's order is BGR
    return base64.b64encode(cv2.imencode(".png", pixels)[1].tobytes()).decode("ascii")
