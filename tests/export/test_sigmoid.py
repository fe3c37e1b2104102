"""One channel with a sigmoid, exported: the file gives the net's labels, probabilities of both classes, or the logits."""

import copy
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import ConfigDict
from mmseg.structures import SegDataSample
from support.builders import build_fcn

from fcn_plugin.export.compare import compare, drawn_image
from fcn_plugin.export.engine import open_exported
from fcn_plugin.export.formats import write
from fcn_plugin.export.graph import OUTPUTS, ExportGraph
from fcn_plugin.export.metadata import Metadata, metadata_of
from fcn_plugin.prediction.net import Net

pytest.importorskip("onnxscript")
pytest.importorskip("onnxruntime")

NAMES, COLOURS = ["other", "road"], [(0, 0, 0), (128, 64, 128)]
SHAPES = dict(labels=(2, 97, 131), probabilities=(2, 2, 97, 131), logits=(2, 1, 97, 131))
IMAGE = drawn_image()[:90, :70]


@pytest.fixture(scope="module")
def net():
    """On VGG11; some 40 % of the drawn image are road at a threshold of 0.3, fewer at 0.5."""
    torch.manual_seed(0)
    loss = dict(type="FCNCrossEntropyLoss", use_sigmoid=True)
    model = build_fcn(
        num_classes=2, backbone=dict(depth=11), head=dict(out_channels=1, threshold=0.3, loss_decode=loss)
    )
    with torch.no_grad():
        inputs = torch.from_numpy(IMAGE.transpose(2, 0, 1).copy())
        logits = model(model.data_preprocessor(dict(inputs=[inputs]), False)["inputs"])
        model.decode_head.score_fr.bias -= logits.quantile(0.6) - model.decision.limit
    return model


@pytest.fixture(scope="module", params=OUTPUTS)
def file(request, net, tmp_path_factory):
    """An ONNX file of each output."""
    path = tmp_path_factory.mktemp("sigmoid") / "net.onnx"
    graph = ExportGraph(net, request.param)
    write(graph, "onnx", path, metadata_of(net, NAMES, COLOURS, request.param, False, "narrow"), None, lambda *_: None)
    return open_exported(path)


def test_the_file_and_its_comparison(net, file, monkeypatch):
    assert (file.meta.threshold, file.decision, file.num_classes) == (0.3, net.decision, 2)
    image = torch.randn(2, 3, 97, 131)
    found, logits = file._run(image.numpy()), net(image).detach()
    assert found.shape == SHAPES[file.meta.output]
    if file.meta.output == "probabilities":
        assert np.allclose(found[:, 1], logits[:, 0].sigmoid(), atol=1e-5)
    monkeypatch.setattr("fcn_plugin.export.compare.SIZES", ((1, 1), (17, 23), (90, 70)))
    for row in compare(net, file._run, file.meta.output, False, [IMAGE]):
        assert row.difference < 1e-4 and row.same > 0.999


def test_a_wrong_file_is_found(net, file, monkeypatch):
    """Another threshold, or the complement."""
    monkeypatch.setattr("fcn_plugin.export.compare.SIZES", ((90, 70),))
    (row,) = compare(net, lambda image: 1 - file._run(image), file.meta.output, False, [IMAGE])
    assert row.difference > 0.1 and row.same < 0.9


@pytest.mark.parametrize("size", [(90, 70), (45, 35)], ids=["same", "resized"])
def test_samples_are_those_of_the_net(net, file, size):
    if file.meta.output == "labels" and size != IMAGE.shape[:2]:
        pytest.skip("label maps can't be turned back")
    pixels = torch.from_numpy(np.ascontiguousarray(IMAGE[:: 90 // size[0], :: 70 // size[1]].transpose(2, 0, 1)))
    meta = dict(ori_shape=IMAGE.shape[:2], img_shape=size, img_path="photo7.jpg")
    answers = []
    for one in (net, file):
        one = copy.copy(one)
        one.test_cfg = ConfigDict(mode="whole", keep_logits=False)
        answers += one.test_step(dict(inputs=[pixels], data_samples=[SegDataSample(metainfo=meta)]))
    wanted, found = (sample.pred_sem_seg.data for sample in answers)
    assert found.shape == wanted.shape == (1, *IMAGE.shape[:2])
    assert 0.1 < wanted.float().mean() < 0.9
    assert (found == wanted).float().mean() > 0.999


def test_probabilities_of_both_classes(net, file):
    if file.meta.output == "labels":
        pytest.skip("label maps alone")
    wanted, found = (
        Net(one, [dict(type="PackSegInputs")], NAMES, COLOURS).predict(IMAGE[..., ::-1], probabilities=True)
        for one in (net, file)
    )
    assert wanted.probabilities.shape == (2, *IMAGE.shape[:2])
    assert np.allclose(wanted.probabilities.sum(0), 1)
    assert np.array_equal(wanted.labels, wanted.probabilities[1] > 0.3)
    assert not np.array_equal(wanted.labels, wanted.probabilities.argmax(0))
    assert np.allclose(found.probabilities, wanted.probabilities, atol=1e-4)
    assert (found.labels == wanted.labels).mean() > 0.999


def test_files_of_before_are_of_a_softmax():
    texts = Metadata(NAMES, COLOURS, "labels", "rgb", "RGB", [0.0], [1.0], "x").texts()
    del texts["threshold"]
    assert Metadata.of_texts(texts, str(Path("net.onnx"))).threshold is None
