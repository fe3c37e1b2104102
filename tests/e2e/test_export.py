"""Export a trained net from the command line, and evaluate the file: the checkpoint's confusion matrix."""

import json
import re

import numpy as np
import pytest
from support.processes import forget_runs
from support.refusals import tool_refused

from fcn_plugin.export.engine import open_exported

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


def test_int8_comes_with_both_scores(trained, tool, tmp_path, sizes):
    done = tool("export", trained.best, "--to", "onnx", "--output", "logits", "--out", tmp_path / "net.onnx", "--int8")
    assert done.code == 0, done.err
    before, after = re.search(r"mean IU on val: ([\d.]+) in fp32, ([\d.]+) in int8", done.out).groups()
    score = json.loads((trained.work_dir / "metrics.json").read_text())["mIoU"]
    assert before == f"{100 * score:.2f}"
    assert abs(float(after) - float(before)) < 5
    files = [open_exported(tmp_path / name) for name in ("net.onnx", "net.int8.onnx")]
    assert [file.meta.precision for file in files] == ["fp32", "int8"]
    image = np.random.default_rng(0).normal(size=(1, 3, 65, 50)).astype(np.float32)
    exact, rounded = (file._run(image) for file in files)
    assert exact.shape == rounded.shape
    assert 0 < abs(exact - rounded).max() < 0.2 * abs(exact).max()
    assert {path.name for path in tmp_path.iterdir()} == {"net.onnx", "net.int8.onnx"}


def test_int8_without_the_train_split(trained, tool, own_data, tmp_path, sizes):
    """The fp32 file is whole, and there is no other."""
    (own_data / "ImageSets/Segmentation/train.txt").unlink()
    options = ("--to", "onnx", "--out", tmp_path / "net.onnx", "--int8", "--data-root", own_data)
    done = tool("export", trained.best, *options)
    assert done.code == 2 and "train.txt" in done.err
    assert {path.name for path in tmp_path.glob("*.onnx")} == {"net.onnx"}


def test_bad_calls(trained, tool, tmp_path):
    done = tool("export", trained.best, "--to", "onnx", "--out", tmp_path / "net.xml")
    assert done.code == 2 and ".onnx" in done.err
    done = tool("export", trained.best, "--to", "torchscript", "--int8")
    assert done.code == 2 and "--to onnx" in done.err
    missing = tool("export", tmp_path / "none.pth", "--to", "onnx")
    tool_refused(missing, tmp_path, "checkpoint-missing", "none.pth")
    (tmp_path / "net.onnx").write_bytes(b"no net")
    broken = tool("test", trained.config, tmp_path / "net.onnx", "--work-dir", tmp_path / "scores")
    tool_refused(broken, tmp_path / "scores", "export-file", "net.onnx")
