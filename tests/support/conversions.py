"""Nets that torch has converted to ONNX, which takes seconds: a net that is exported again gives what its first conversion gave."""

import hashlib
from collections.abc import Iterator

import pytest
import torch

from fcn_plugin.export import formats
from fcn_plugin.export.graph import ExportGraph

KNOWN: dict[tuple, bytes] = {}


@pytest.fixture
def converted_once(monkeypatch) -> Iterator[None]:
    """All but the conversion runs as always: metadata, names of sides, files, checks."""
    convert = formats._onnx_program

    def known(graph: ExportGraph, opset: int | None) -> torch.onnx.ONNXProgram:
        import onnx
        import onnx_ir

        key = (*_identity(graph), opset)
        if key in KNOWN:
            return torch.onnx.ONNXProgram(onnx_ir.from_proto(onnx.load_from_string(KNOWN[key])), None)
        program = convert(graph, opset)
        KNOWN[key] = program.model_proto.SerializeToString()
        return program

    monkeypatch.setattr(formats, "_onnx_program", known)
    yield


def _identity(graph: ExportGraph) -> tuple:
    """What decides about the file: layers, weights, output and decision."""
    digest = hashlib.sha256()
    for name, tensor in graph.state_dict().items():
        digest.update(name.encode() + tensor.numpy().tobytes())
    head = graph.net.decode_head
    geometry = (graph.net.geometry, graph.net.input_pad, str(head.crops))
    return repr(graph), digest.digest(), graph.output, graph.with_preprocessing, graph.net.decision, geometry
