"""Open an exported file in the runtime of its format, as a function from input to output, with its metadata."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from ..errors import UserError, printable
from ..requirements import import_extra
from .formats import EXTRA, EXTRA_FILE
from .graph import quiet
from .metadata import KEY


class Opened(NamedTuple):
    """An opened file: the function that runs it, and its metadata."""

    run: Callable[[np.ndarray], np.ndarray]
    texts: Mapping[str, str]


def open_file(path: Path, kind: str, weights: Path | None = None, precision: str = "fp32") -> Opened:
    """Open a file, to run with as many threads as torch.

    Args:
        path: the file, with any suffix.
        kind: ``onnx``, ``openvino``, ``torchscript`` or ``torch-export``.
        weights: OpenVINO's ``.bin``; default: the file's name with that suffix.
        precision: ``bf16`` lets OpenVINO compute in bf16 on CPUs that support it; other runtimes ignore it.

    Raises:
        UserError: ``requirements`` for a missing runtime; ``file-missing``; ``export-file`` if the runtime can't load it.
    """
    for part in (path, weights or path.with_suffix(".bin")) if kind == "openvino" else (path,):
        if not part.is_file():
            raise UserError(
                "file-missing", f"no file {part}: give the path of an exported net, with its .bin for OpenVINO"
            )
    try:
        return OPENERS[kind](path, weights, precision)
    except (UserError, MemoryError):
        raise
    except Exception as error:  # the runtimes have no common error class
        reason = printable(" ".join(str(error).split()), 300)
        remedy = f"export it again, or upgrade the runtime: pip install -U {EXTRA.get(kind, 'torch')}"
        raise UserError("export-file", f"can't load {path} as {kind} ({reason}): {remedy}") from error


def _onnx(path: Path, weights: Path | None, precision: str) -> Opened:
    onnxruntime = import_extra("onnxruntime", EXTRA["onnx"])
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = torch.get_num_threads(), 3  # errors
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return Opened(lambda image: session.run(None, {"image": image})[0], session.get_modelmeta().custom_metadata_map)


def _openvino(path: Path, weights: Path | None, precision: str) -> Opened:
    core = import_extra("openvino", EXTRA["openvino"]).Core()
    model = core.read_model(str(path), str(weights or path.with_suffix(".bin")))
    texts = {}
    if model.has_rt_info([KEY]):
        texts = {name: str(value) for name, value in model.get_rt_info([KEY]).value.items()}
    hint = "bf16" if precision == "bf16" else "f32"
    settings = {"INFERENCE_PRECISION_HINT": hint, "INFERENCE_NUM_THREADS": torch.get_num_threads()}
    compiled = core.compile_model(model, "CPU", settings)
    return Opened(lambda image: compiled(image)[0], texts)


def _torchscript(path: Path, weights: Path | None, precision: str) -> Opened:
    extra = {EXTRA_FILE: ""}
    with quiet():
        net = torch.jit.load(str(path), "cpu", _extra_files=extra)
    return Opened(_of_torch(net), json.loads(extra[EXTRA_FILE] or "{}"))


def _torch_export(path: Path, weights: Path | None, precision: str) -> Opened:
    extra = {EXTRA_FILE: ""}
    with quiet():
        net = torch.export.load(path, extra_files=extra).module()
    return Opened(_of_torch(net), json.loads(extra[EXTRA_FILE] or "{}"))


def _of_torch(net: Callable[..., Any]) -> Callable[[np.ndarray], np.ndarray]:
    def run(image: np.ndarray) -> np.ndarray:
        with quiet():
            return net(torch.from_numpy(image)).numpy()

    return run


OPENERS = {"onnx": _onnx, "openvino": _openvino, "torchscript": _torchscript, "torch-export": _torch_export}
