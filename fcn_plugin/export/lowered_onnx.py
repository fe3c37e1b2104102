"""Convert ONNX files to fp16 or int8 with onnxruntime's tools."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np

from ..requirements import import_extra
from .formats import EXTRA

if TYPE_CHECKING:
    import onnx


def lowered(source: Path, precision: str, images: Iterable[np.ndarray]) -> onnx.ModelProto:
    """Return the model in fp16 or int8; see :func:`.lowered.lower`."""
    onnx = import_extra("onnx", EXTRA["onnx"])
    import_extra("onnxruntime", EXTRA["onnx"])
    if precision == "fp16":
        from onnxruntime.transformers.float16 import convert_float_to_float16

        model = convert_float_to_float16(onnx.load(str(source)), keep_io_types=True)
    else:
        model = _quantized(source, images)
    for text in model.metadata_props:
        if text.key == "precision":
            text.value = json.dumps(precision)
    return model


def _quantized(source: Path, images: Iterable[np.ndarray]) -> onnx.ModelProto:
    import onnx
    from onnxruntime.quantization import CalibrationDataReader, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Reader(CalibrationDataReader):
        def __init__(self) -> None:
            self.images = iter(images)

        def get_next(self) -> dict[str, np.ndarray] | None:
            image = next(self.images, None)
            return None if image is None else {"image": image}

    with TemporaryDirectory(prefix=".export-", dir=source.parent) as folder:
        prepared, target = str(Path(folder, "prepared.onnx")), str(Path(folder, "int8.onnx"))
        quant_pre_process(str(source), prepared, skip_symbolic_shape=True)
        upsampling = [node.name for node in onnx.load(prepared).graph.node if node.op_type == "ConvTranspose"]
        # 7 bits: products of 8 bits overflow their 16-bit sums on CPUs without VNNI
        quantize_static(prepared, target, Reader(), per_channel=True, reduce_range=True, nodes_to_exclude=upsampling)
        return onnx.load(target)
