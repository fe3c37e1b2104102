"""Export a trained net from the command line, and evaluate the file: the checkpoint's confusion matrix."""

import numpy as np
import pytest
from support.processes import forget_runs
from support.refusals import tool_refused

pytest.importorskip("onnxruntime")
pytest.importorskip("onnxscript")


@pytest.fixture(scope="module")
def sizes():
    """Small ones, but for the last."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fcn_plugin.export.compare.SIZES", ((1, 1), (17, 23), (97, 131)))
        yield


def test_an_exported_net_has_the_checkpoints_confusion_matrix(trained, tool, tmp_path, sizes):
    exported = tool("export", trained.best, "--to", "onnx", "--out", tmp_path / "net.onnx")
    assert exported.code == 0, exported.err
    assert "images of the test split" in exported.out
    assert exported.out.count("equal labels 100.0000 %") == 3
    done = tool("test", trained.config, tmp_path / "net.onnx", "--work-dir", tmp_path / "scores")
    forget_runs()
    assert done.code == 0, done.err
    assert np.array_equal(np.load(tmp_path / "scores/confusion.npy"), np.load(trained.work_dir / "confusion.npy"))
    refused = tool("test", trained.config, tmp_path / "net.onnx", "--tta", "--work-dir", tmp_path / "tta")
    tool_refused(refused, tmp_path / "tta", "option-value", "--tta")


def test_bad_calls(trained, tool, tmp_path):
    done = tool("export", trained.best, "--to", "onnx", "--out", tmp_path / "net.xml")
    assert done.code == 2 and ".onnx" in done.err
    missing = tool("export", tmp_path / "none.pth", "--to", "onnx")
    tool_refused(missing, tmp_path, "checkpoint-missing", "none.pth")
    (tmp_path / "net.onnx").write_bytes(b"no net")
    broken = tool("test", trained.config, tmp_path / "net.onnx", "--work-dir", tmp_path / "scores")
    tool_refused(broken, tmp_path / "scores", "export-file", "net.onnx")
