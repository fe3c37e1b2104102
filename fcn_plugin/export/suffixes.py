"""Which suffix a format's files have. Imports nothing heavy: the command line's help needs it."""

from __future__ import annotations

from pathlib import Path

SUFFIXES = {"onnx": ".onnx", "openvino": ".xml", "torchscript": ".pt", "torch-export": ".pt2"}
EXPORTED_SUFFIXES = (SUFFIXES["onnx"], SUFFIXES["openvino"])  # of files that :mod:`.engine` runs


def is_exported(path: str | Path) -> bool:
    """Tell by its suffix whether a file is run by :func:`.engine.open_exported`."""
    return Path(path).suffix.lower() in EXPORTED_SUFFIXES
