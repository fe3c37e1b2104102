"""Export a trained net from the command line, and evaluate the file: the checkpoint's confusion matrix."""

import json
import re
from importlib.util import find_spec

import numpy as np
import pytest
from support.forked import run_tool
from support.processes import forget_runs
from support.refusals import tool_refused

pytest.importorskip("onnxruntime")
pytest.importorskip("onnxscript")

pytestmark = pytest.mark.usefixtures("converted_once")


@pytest.fixture(scope="module")
def sizes():
    """Small ones, but for the last."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fcn_plugin.export.compare.SIZES", ((1, 1), (17, 23), (97, 131)))
        yield


@pytest.mark.parametrize(
    ("kind", "suffix", "packages"), [("onnx", ".onnx", []), ("openvino", ".xml", ["openvino", "nncf"])]
)
def test_an_exported_net_has_the_checkpoints_confusion_matrix(trained, tool, tmp_path, sizes, kind, suffix, packages):
    """And an int8 copy comes with the scores of both."""
    if missing := [name for name in packages if find_spec(name) is None]:
        pytest.skip(f"{missing[0]} is not installed")
    # OpenVINO's threads don't outlive a fork, and later tests fork runs of this process
    call = run_tool if packages else tool
    file = tmp_path / f"net{suffix}"
    exported = call("export", trained.best, "--to", kind, "--out", file, "--precision", "int8")
    assert exported.code == 0, exported.err
    assert "images of the test split" in exported.out
    assert exported.out.count("equal labels 100.0000 %") == 3
    before, after = re.search(r"mean IU on val: ([\d.]+) in fp32, ([\d.]+) in int8", exported.out).groups()
    score = json.loads((trained.work_dir / "metrics.json").read_text())["mIoU"]
    assert before == f"{100 * score:.2f}"
    assert abs(float(after) - float(before)) < 5
    assert {path.name for path in tmp_path.glob(f"*{suffix}")} == {file.name, f"net.int8{suffix}"}

    done = call("test", trained.config, file, "--limits", "--work-dir", tmp_path / "scores")
    forget_runs()
    assert done.code == 0, done.err
    found, wanted = (np.load(folder / "confusion.npy") for folder in (tmp_path / "scores", trained.work_dir))
    assert found.sum() == wanted.sum()
    assert json.loads((tmp_path / "scores/limits.json").read_text())["images"] == 3
    # ties of float32 may fall to the other class in another runtime
    assert abs(found - wanted).sum() <= (0 if kind == "onnx" else 1e-5 * wanted.sum())
    refused = call("test", trained.config, file, "--tta", "--work-dir", tmp_path / "tta")
    tool_refused(refused, tmp_path / "tta", "option-value", "--tta")


def test_int8_without_the_train_split(trained, tool, own_data, tmp_path, sizes):
    """The fp32 file is whole, and there is no other."""
    (own_data / "ImageSets/Segmentation/train.txt").unlink()
    options = ("--to", "onnx", "--out", tmp_path / "net.onnx", "--precision", "int8", "--data-root", own_data)
    done = tool("export", trained.best, *options)
    assert done.code == 2 and "train.txt" in done.err
    assert {path.name for path in tmp_path.glob("*.onnx")} == {"net.onnx"}


def test_bad_calls(trained, tool, tmp_path):
    done = tool("export", trained.best, "--to", "onnx", "--out", tmp_path / "net.xml")
    assert done.code == 2 and ".onnx" in done.err
    done = tool("export", trained.best, "--to", "torchscript", "--precision", "int8")
    assert done.code == 2 and "--to onnx" in done.err
    missing = tool("export", tmp_path / "none.pth", "--to", "onnx")
    tool_refused(missing, tmp_path, "checkpoint-missing", "none.pth")
    (tmp_path / "net.onnx").write_bytes(b"no net")
    broken = tool("test", trained.config, tmp_path / "net.onnx", "--work-dir", tmp_path / "scores")
    tool_refused(broken, tmp_path / "scores", "export-file", "net.onnx")


def test_a_page(trained, tool, tmp_path, sizes):
    """Of several checkpoints; what it refuses, it refuses before it writes."""
    done = tool("export", trained.best, trained.best, "--to", "web", "--out", tmp_path / "site")
    assert done.code == 0, done.err
    assert f"{tmp_path}/site is ready: python -m http.server" in done.out
    nets = json.loads((tmp_path / "site/nets.json").read_text())["nets"]
    assert [(net["name"], net["file"], net["output"]) for net in nets] == [
        ("narrow8s", "net1.onnx", "labels"),
        ("narrow8s", "net2.onnx", "labels"),
    ]
    assert {"index.html", "page.js", "net2.onnx"} < {path.name for path in (tmp_path / "site").iterdir()}
    again = tool("export", trained.best, "--to", "web", "--out", tmp_path / "site")
    tool_refused(again, tmp_path, "output-exists", "site", "--out")
    for words in (["--to", "onnx", "--offline"], ["--to", "web", "--output", "logits"], [trained.best, "--to", "onnx"]):
        assert tool("export", trained.best, *words).code == 2
    assert [path.name for path in tmp_path.iterdir()] == ["site"]
