"""Exported files in an FCN's place: samples, probabilities, images that were resized, files that are not ours."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample
from PIL import Image
from support.refusals import refused

import fcn_plugin
from fcn_plugin.export.engine import open_exported
from fcn_plugin.export.metadata import Metadata
from fcn_plugin.export.suffixes import EXPORTED_SUFFIXES

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

CLASSES, PALETTE = ["red", "green", "blue"], [[255, 0, 0], [0, 255, 0], [0, 0, 255]]
DOCS = Path(fcn_plugin.__file__).parent.parent / "docs"
DIMS = ["n", 3, "h", "w"]


def write_file(path, output="logits", opset=20, texts=None, **changes):
    """A net whose logits are the preprocessed channels R, G, B, each less 1 and halved; ``texts`` replace its metadata."""
    labels = output == "labels"
    nodes = {
        "logits": [("Identity", {})],
        "probabilities": [("Softmax", dict(axis=1))],
        "labels": [("ArgMax", dict(axis=1, keepdims=0))],
    }[output]
    nodes = [onnx.helper.make_node(kind, ["image"], [output], **options) for kind, options in nodes]
    kind = onnx.TensorProto.INT64 if labels else onnx.TensorProto.FLOAT
    image = onnx.helper.make_tensor_value_info("image", onnx.TensorProto.FLOAT, DIMS)
    found = onnx.helper.make_tensor_value_info(output, kind, ["n", "h", "w"] if labels else DIMS)
    graph = onnx.helper.make_graph(nodes, "net", [image], [found])
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", opset)], ir_version=9)
    meta = dict(output=output, input="normalised", channel_order="RGB", mean=[1.0] * 3, std=[2.0] * 3, config="tiny")
    meta = Metadata(CLASSES, PALETTE, **{**meta, **changes})
    onnx.helper.set_model_props(model, meta.texts() if texts is None else texts)
    path.write_bytes(model.SerializeToString())
    return path


def batch(*sizes, **meta):
    """Images (3, H, W) uint8 BGR of random pixels, as a data loader gives them."""
    images = [torch.randint(0, 256, (3, *size), dtype=torch.uint8) for size in sizes]
    samples = [SegDataSample(metainfo=dict(ori_shape=size, img_shape=size, **meta)) for size in sizes]
    return dict(inputs=images, data_samples=samples)


@pytest.mark.parametrize("output", ["labels", "logits", "probabilities"])
def test_label_maps_are_those_of_the_file(tmp_path, output):
    net = open_exported(write_file(tmp_path / "net.onnx", output))
    data = batch((5, 7), (5, 7))
    samples = net.test_step(data)
    for image, sample in zip(data["inputs"], samples, strict=True):
        rgb = image.flip(0).float()
        assert torch.equal(sample.pred_sem_seg.data[0], rgb.argmax(0))
        assert sample.pred_sem_seg.data.shape == (1, 5, 7)
        assert "seg_logits" not in sample


def test_probabilities_are_the_softmax_of_the_logits(tmp_path):
    """Whichever of both the file gives; mean 1 and scale 2 are applied before."""
    data = batch((5, 7))
    wanted = ((data["inputs"][0].flip(0).float() - 1) / 2).softmax(0)
    for output in ("logits", "probabilities"):
        net = open_exported(write_file(tmp_path / f"{output}.onnx", output))
        net.test_cfg.keep_logits = True
        (sample,) = net.test_step(batch((5, 7)) | dict(inputs=data["inputs"]))
        assert torch.allclose(sample.seg_logits.data.softmax(0), wanted, atol=1e-6)


def test_it_says_what_it_is(tmp_path):
    net = open_exported(str(write_file(tmp_path / "net.onnx")))
    assert (net.classes, net.palette, net.num_classes, EXPORTED_SUFFIXES) == (CLASSES, PALETTE, 3, (".onnx", ".xml"))


def test_images_that_were_resized_come_back_in_their_size(tmp_path):
    data = batch((6, 8))
    data["data_samples"][0].set_metainfo(dict(ori_shape=(12, 16), gt=PixelData()))
    net = open_exported(write_file(tmp_path / "net.onnx"))
    assert net.test_step(data)[0].pred_sem_seg.data.shape == (1, 12, 16)
    labels = open_exported(write_file(tmp_path / "labels.onnx", "labels"))
    with refused("export-file", "labels.onnx", "--output logits"):
        labels.test_step(data)


def test_a_file_that_takes_pixels(tmp_path):
    """(N, H, W, 3) RGB, of whole numbers."""
    net = open_exported(write_file(tmp_path / "net.onnx"))
    net.meta = Metadata(CLASSES, PALETTE, "logits", "rgb", "BGR", [0.0] * 3, [1.0] * 3, "tiny")
    taken = net._as_taken(torch.arange(18.0).reshape(1, 3, 2, 3))
    assert (taken.shape, taken.dtype) == ((1, 2, 3, 3), np.uint8)
    assert taken[0, 0, 0].tolist() == [0, 6, 12]


def test_scores_that_are_not_finite_are_refused(tmp_path):
    net = open_exported(write_file(tmp_path / "net.onnx", std=[0.0] * 3, mean=[0.0] * 3))
    data = batch((5, 7))
    data["inputs"][0][0, 0] = 0
    with refused("scores-nan", "net.onnx"):
        net.test_step(data)


def test_files_that_are_not_ours_or_of_another_version(tmp_path):
    with refused("export-file", "net.onnx", "fcn export"):
        open_exported(write_file(tmp_path / "net.onnx", texts={"author": "somebody"}))
    with refused("export-file", "net.onnx", "'7'", "9.9", "export it again"):
        open_exported(write_file(tmp_path / "net.onnx", texts={"fcn_plugin": "9.9", "format": "7"}))
    with refused("export-file", "net.onnx", "damaged metadata"):
        open_exported(write_file(tmp_path / "net.onnx", texts={"fcn_plugin": "0.1.0", "format": "1", "classes": "["}))


def test_an_opset_that_the_runtime_lacks(tmp_path):
    with refused("export-file", "net.onnx", "opset", "pip install -U 'fcn-plugin[export]'"):
        open_exported(write_file(tmp_path / "net.onnx", opset=99))


def test_load_predicts_with_a_file(tmp_path):
    net = fcn_plugin.load(write_file(tmp_path / "net.onnx"))
    image = np.random.default_rng(0).integers(0, 256, (9, 11, 3), dtype=np.uint8)
    prediction = net.predict(image, probabilities=True)
    assert np.array_equal(prediction.labels, image.argmax(2))
    assert prediction.probabilities.shape == (3, 9, 11)
    assert list(prediction.classes) == CLASSES


def test_the_documents_program_runs_with_stock_onnxruntime(tmp_path, monkeypatch, capsys):
    (program,) = re.findall(r"```python\n(.*?)```", (DOCS / "export.md").read_text(), re.DOTALL)
    assert "fcn_plugin" not in program
    monkeypatch.chdir(tmp_path)
    write_file(tmp_path / "net.onnx", "labels", channel_order="BGR")
    pixels = np.zeros((4, 6, 3), np.uint8)
    pixels[:, :2, 2] = 200  # blue, the first channel of BGR
    pixels[:, 2:, 0] = 200
    Image.fromarray(pixels).save("photo.jpg", format="PNG")
    exec(program, {})
    assert capsys.readouterr().out == "{'red': 8, 'green': 0, 'blue': 16}\n"


def test_images_are_resized_as_the_metadata_say(tmp_path):
    """Scores of the enlarged image come back to the image's own size."""
    path = write_file(tmp_path / "net.onnx", resize=dict(scale=[16, 10], keep_ratio=True))
    image = np.zeros((5, 8, 3), np.uint8)
    image[:, 3:, 1] = 255
    seen = []
    net = fcn_plugin.load(path)
    run = net.model._run
    net.model._run = lambda pixels: seen.append(pixels.shape) or run(pixels)
    labels = net.predict(image).labels
    assert seen == [(1, 3, 10, 16)]
    assert labels.shape == (5, 8)
    assert (labels[:, 3:] == 1).all() and (labels[:, :2] == 0).all()  # between them lies what is interpolated


@pytest.mark.parametrize("resize", [{"scale": [16]}, {"scale": ["a", 2], "keep_ratio": True}, [1]])
def test_a_resizing_that_is_damaged(tmp_path, resize):
    path = write_file(tmp_path / "net.onnx", resize=resize)
    with refused("export-file", path):
        open_exported(path)
