"""File suffixes of the export formats. No heavy imports, since the command line's help needs them."""

from __future__ import annotations

from pathlib import Path

SUFFIXES = {"onnx": ".onnx", "openvino": ".xml", "torchscript": ".pt", "torch-export": ".pt2"}
EXPORTED_SUFFIXES = (SUFFIXES["onnx"], SUFFIXES["openvino"])  # files that :mod:`.engine` can run


def is_exported(path: str | Path) -> bool:
    """Return whether a file's suffix is one that :func:`.engine.open_exported` runs."""
    return Path(path).suffix.lower() in EXPORTED_SUFFIXES
