"""Convert OpenVINO files to fp16, with OpenVINO itself, or to int8, with NNCF."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..requirements import import_extra
from .formats import EXTRA
from .metadata import KEY

if TYPE_CHECKING:
    import openvino


def lowered(source: Path, precision: str, images: Iterable[np.ndarray]) -> openvino.Model:
    """Return the model in int8, or marked as fp16 in its metadata; see :func:`.lowered.lower`."""
    openvino = import_extra("openvino", EXTRA["openvino"])
    model = openvino.Core().read_model(str(source), str(source.with_suffix(".bin")))
    texts = {name: str(value) for name, value in model.get_rt_info([KEY]).value.items()}
    if precision == "int8":
        model = _quantized(model, list(images))
    for name, text in {**texts, "precision": json.dumps(precision)}.items():
        model.set_rt_info(text, [KEY, name])
    return model


def _quantized(model: openvino.Model, images: list[np.ndarray]) -> openvino.Model:
    nncf = import_extra("nncf", EXTRA["openvino"])
    logging.getLogger("nncf").setLevel(logging.ERROR)
    upsampling = nncf.IgnoredScope(types=["ConvolutionBackpropData", "GroupConvolutionBackpropData"], validate=False)
    return nncf.quantize(model, nncf.Dataset(images), subset_size=len(images), ignored_scope=upsampling)
