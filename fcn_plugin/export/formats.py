"""Write a captured net in each format, with its metadata."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import torch

from ..atomic_write import atomic_write
from ..errors import UserError, printable
from ..requirements import import_extra
from .graph import ExportGraph, quiet
from .metadata import KEY, Metadata

if TYPE_CHECKING:
    import openvino

EXTRA = {"onnx": "'fcn-plugin[export]'", "openvino": "'fcn-plugin[openvino]'"}
PACKAGES = {"onnx": ("onnx", "onnxscript", "onnxruntime"), "openvino": ("onnx", "onnxscript", "openvino")}
EXTRA_FILE = "metadata.json"  # name inside torch's archives


def require_packages(kind: str) -> None:
    """Import the packages that write and run a format; UserError: ``requirements`` if one is missing."""
    for name in PACKAGES.get(kind, ()):
        import_extra(name, EXTRA[kind])


def write(
    graph: ExportGraph,
    kind: str,
    path: Path,
    metadata: Metadata,
    opset: int | None,
    check: Callable[[Path, Path | None], object],
) -> None:
    """Write a file, and for OpenVINO its weights (``.bin``); existing files are replaced only after ``check`` passes.

    Args:
        graph: graph to export.
        kind: format, a key of :data:`.suffixes.SUFFIXES`.
        path: file to write, with the suffix of the format.
        metadata: metadata of the file.
        opset: ONNX opset version; None: the exporter's default.
        check: called with the temporary paths of file and weights; raises to reject them.

    Raises:
        UserError: ``requirements`` for a missing package, ``export-failed`` if the exporter can't convert the net.
    """
    require_packages(kind)
    beside = atomic_write(path.with_suffix(".bin")) if kind == "openvino" else nullcontext()
    with atomic_write(path) as part, beside as weights:
        try:
            with quiet():
                WRITERS[kind](graph, metadata, opset, part, weights)
        except (UserError, OSError, MemoryError):
            raise
        except Exception as error:  # the exporters have no common error class
            reason = printable(str(error).strip().partition("\n")[0] or type(error).__name__, 300)
            raise UserError("export-failed", f"can't export the net as {kind}: {reason}") from error
        check(part, weights)


def _onnx(graph: ExportGraph, metadata: Metadata, opset: int | None, part: Path, weights: Path | None) -> None:
    program = _onnx_program(graph, opset)
    program.model.metadata_props.update(metadata.texts())
    _name_sides(program, graph)
    program.save(str(part), external_data=False)


def _name_sides(program: torch.onnx.ONNXProgram, graph: ExportGraph) -> None:
    """Name the dynamic dimensions batch, height and width; torch names them like s73."""
    import onnx_ir

    (image,), (found,) = program.model.graph.inputs, program.model.graph.outputs
    channels = () if found.shape is None else found.shape[1:-2]  # none for class ids
    found.shape = onnx_ir.Shape(["batch", *channels, "height", "width"])
    bands = len(graph.order)
    if graph.with_preprocessing:
        image.shape = onnx_ir.Shape(["batch", "height", "width", bands])
    else:
        image.shape = onnx_ir.Shape(["batch", bands, "height", "width"])


def _onnx_program(graph: ExportGraph, opset: int | None) -> torch.onnx.ONNXProgram:
    import onnx

    newest = onnx.defs.onnx_opset_version()
    if opset and opset > newest:
        raise UserError(
            "option-value", f"--opset is {opset}, but onnx {onnx.__version__} supports at most {newest}: give that"
        )
    program: Any = torch.onnx.export(
        graph.program,
        input_names=["image"],
        output_names=[graph.output],
        dynamo=True,
        opset_version=opset,
        verbose=False,
    )
    if opset not in (
        None,
        found := program.model.opset_imports[""],
    ):  # if it can't convert, torch keeps its own version
        raise UserError("option-value", f"--opset is {opset}, but the net can only be exported with {found}: give that")
    return program


def _openvino(graph: ExportGraph, metadata: Metadata, opset: int | None, part: Path, weights: Path | None) -> None:
    import openvino

    model = openvino.Core().read_model(_onnx_program(graph, opset).model_proto.SerializeToString())
    for name, text in metadata.texts().items():
        model.set_rt_info(text, [KEY, name])
    save_openvino(model, part, weights or part.with_suffix(".bin"))


def save_openvino(model: openvino.Model, part: Path, weights: Path, fp16: bool = False) -> None:
    """Write a model's two files; ``fp16`` stores large weights in half precision, without changing how OpenVINO computes."""
    import openvino

    with TemporaryDirectory(prefix=".export-", dir=part.parent) as folder:  # OpenVINO requires these suffixes
        xml = Path(folder, "net.xml")
        openvino.save_model(model, xml, compress_to_fp16=fp16)
        os.replace(xml, part)
        os.replace(xml.with_suffix(".bin"), weights)


def _torchscript(graph: ExportGraph, metadata: Metadata, opset: int | None, part: Path, weights: Path | None) -> None:
    traced = torch.jit.trace(graph, graph.example(), check_trace=False)
    torch.jit.save(traced, str(part), _extra_files={EXTRA_FILE: json.dumps(metadata.texts())})


def _torch_export(graph: ExportGraph, metadata: Metadata, opset: int | None, part: Path, weights: Path | None) -> None:
    torch.export.save(graph.program, part, extra_files={EXTRA_FILE: json.dumps(metadata.texts())})


WRITERS = {"onnx": _onnx, "openvino": _openvino, "torchscript": _torchscript, "torch-export": _torch_export}
