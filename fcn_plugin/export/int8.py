"""Make an int8 copy of an ONNX file by onnxruntime's static quantization.

Ranges of activations come from images that pass the net; weights have a scale for each channel. Upsampling stays in float32: its
kernels are bilinear, and there is little to gain.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from ..atomic_write import atomic_write
from ..errors import UserError, printable
from ..requirements import import_extra
from .formats import EXTRA
from .graph import quiet


def quantize(source: Path, target: Path, images: Iterable[np.ndarray]) -> None:
    """Write the copy.

    Args:
        source: file of ``fcn export --to onnx``.
        target: the copy; its metadata say ``int8``.
        images: some tens, as the file takes them.

    Raises:
        UserError: ``requirements``; ``export-failed`` where onnxruntime can't convert the net.
    """
    onnx = import_extra("onnx", EXTRA["onnx"])
    import_extra("onnxruntime", EXTRA["onnx"])
    from onnxruntime.quantization import CalibrationDataReader, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Reader(CalibrationDataReader):
        def __init__(self) -> None:
            self.images = iter(images)

        def get_next(self) -> dict[str, np.ndarray] | None:
            image = next(self.images, None)
            return None if image is None else {"image": image}

    with atomic_write(target) as part, TemporaryDirectory(prefix=".export-", dir=target.parent) as folder, quiet():
        prepared = str(Path(folder, "prepared.onnx"))
        try:
            quant_pre_process(str(source), prepared, skip_symbolic_shape=True)
            upsampling = [node.name for node in onnx.load(prepared).graph.node if node.op_type == "ConvTranspose"]
            # 7 bits: products of 8 bits overflow their 16-bit sums on CPUs without VNNI
            quantize_static(
                prepared, str(part), Reader(), per_channel=True, reduce_range=True, nodes_to_exclude=upsampling
            )
        except Exception as error:  # onnxruntime's have no common class
            reason = printable(" ".join(str(error).split()), 300)
            raise UserError("export-failed", f"{source} can't be written in int8: {reason}") from error
        model = onnx.load(str(part))
        for text in model.metadata_props:
            if text.key == "precision":
                text.value = '"int8"'
        onnx.save(model, str(part))
