"""Export a net: trace it, write the file, run it in its runtime, and keep it if it computes the same."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..models.fcn import FCN
from .compare import Row, compare, require_equal
from .formats import write
from .graph import ExportGraph
from .metadata import Metadata
from .runtimes import open_file


def export(
    net: FCN, kind: str, path: Path, metadata: Metadata, images: Sequence[np.ndarray], opset: int | None = None
) -> list[Row]:
    """Write a net to a file and return its comparison with the net.

    Args:
        net: net in evaluation mode, float32, on the CPU; it is not changed.
        kind: ``onnx``, ``openvino``, ``torchscript`` or ``torch-export``.
        path: file to write, with the suffix of the format.
        metadata: metadata of the file, with its input and output.
        images: images to compare on, (H, W, 3) uint8 BGR, or (H, W, B) for a net of B bands.
        opset: ONNX opset version; None: the exporter's default.

    Raises:
        UserError: ``export-failed``, ``export-differs``, ``export-file``, ``requirements``; an existing file is kept then.
    """
    rows: list[Row] = []
    with_preprocessing = metadata.input != "normalised"

    def check(part: Path, weights: Path | None) -> None:
        opened = open_file(part, kind, weights)
        rows.extend(compare(net, opened.run, metadata.output, metadata.input, images))
        require_equal(rows, path.name)

    write(ExportGraph(net, metadata.output, with_preprocessing), kind, path, metadata, opset, check)
    return rows
