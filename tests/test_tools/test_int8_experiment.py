"""The int8 experiment: an error without its packages; with them, scores of four nets that are one net."""

import importlib.util
import json

import pytest


def test_missing_packages_are_named_with_the_command(tool, leaf, monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *a: None if name == "onnx" else find(name, *a))
    done = tool("experiments/int8", leaf, leaf.parent / "start.pth")
    assert done.code == 2
    assert done.err.startswith("error: int8 needs onnx")
    assert "pip install onnx onnxruntime onnxscript" in done.err


def test_exported_and_quantised_net_keep_the_labels(tool, leaf, tmp_path):
    for name in ("onnx", "onnxruntime", "onnxscript"):
        pytest.importorskip(name)
    done = tool(
        "experiments/int8", leaf, leaf.parent / "start.pth", "--calibrate", 4, "--rounds", 1, "--json", tmp_path / "j"
    )
    assert done.code == 0, done.err
    record = json.loads((tmp_path / "j").read_text())
    assert (record["images"], record["size"], record["calibrate"]) == (3, [64, 64], 4)
    plain, exported, quantised = record["rows"]
    assert [row["net"] for row in record["rows"]] == ["torch fp32", "onnxruntime fp32", "onnxruntime int8"]
    assert plain["agreement"] == plain["ratio"] == 1
    assert exported["agreement"] > 0.999
    assert quantised["agreement"] > 0.9
