"""A checkpoint with its config in it becomes a net."""

import numpy as np
import pytest
import torch
from PIL import Image
from support.refusals import refused

import fcn_plugin
from fcn_plugin.checkpoints.config_text import config_text
from fcn_plugin.configs import get_config
from fcn_plugin.data.palette import CLASS_NAMES, voc_palette
from fcn_plugin.prediction import load as load_room
from fcn_plugin.preflight.prepare import prepare


@pytest.fixture(scope="module")
def content(leaf):
    """What a run of the narrow net would save."""
    cfg = get_config(str(leaf))
    cfg.load_from = None
    weights = torch.load(leaf.parent / "start.pth", weights_only=True)
    meta = dict(
        cfg=config_text(cfg.to_dict()), dataset_meta=dict(classes=CLASS_NAMES, palette=voc_palette()[:21].tolist())
    )
    return dict(state_dict=weights, meta=meta)


@pytest.fixture
def save(content, tmp_path):
    """Save the content with another meta."""

    def call(**meta):
        torch.save(content | dict(meta=content["meta"] | meta), tmp_path / "iter_2.pth")
        return tmp_path / "iter_2.pth"

    return call


@pytest.fixture
def photo(data):
    return sorted((data / "JPEGImages").iterdir())[0]


def test_the_config_inside(save, photo):
    net = fcn_plugin.load(save(), device="cpu", batch_size=3)
    assert (net.classes, net.palette[1], net.batch_size) == (CLASS_NAMES, (128, 0, 0), 3)
    assert not net.model.training
    prediction = net.predict(str(photo))
    assert prediction.labels.shape == (64, 64)
    assert prediction.labels.max() < 21
    assert np.array_equal(prediction.image, np.asarray(Image.open(photo)))


def test_prediction_keeps_freed_memory(save, monkeypatch):
    calls = []
    monkeypatch.setattr(load_room, "keep_freed_memory", lambda: calls.append(1))
    fcn_plugin.load(save(), device="cpu")
    assert calls == [1]


@pytest.mark.parametrize("key, value", [("test_dataloader", None), ("test_dataloader.dataset.pipeline", [])])
def test_a_config_without_a_test_pipeline(save, leaf, key, value):
    cfg = get_config(str(leaf))
    prepare(cfg, ())
    cfg.merge_from_dict({key: value})
    with refused("config-data", leaf, "test_dataloader"):
        fcn_plugin.load(save(), cfg=cfg, device="cpu")


def test_batches_give_the_label_maps_of_single_images(save, data):
    photos = sorted((data / "JPEGImages").iterdir())
    net = fcn_plugin.load(save(), device="cpu")
    together = net.predict(photos)
    assert len(np.unique([one.labels for one in together])) > 1
    for path, one in zip(photos, together, strict=True):
        alone = net.predict(path, probabilities=True)
        assert np.array_equal(alone.labels, one.labels)
        assert np.array_equal(alone.probabilities.argmax(0), one.labels)


def test_another_config(save, leaf):
    """By file, or prepared by the caller, who may have changed it."""
    path = save(cfg=None)
    assert fcn_plugin.load(path, cfg=str(leaf)).model.test_cfg.mode == "whole"
    cfg = get_config(str(leaf))
    cfg.model.test_cfg = dict(mode="tiles")
    prepare(cfg, ())
    assert fcn_plugin.load(path, cfg=cfg).model.test_cfg.mode == "tiles"


@pytest.mark.parametrize("cfg", [None, 3, "import os", "x = 1", "model = dict(type='FCN')"])
def test_no_config_inside(save, cfg):
    path = save(cfg=cfg)
    with refused("checkpoint-config", path, "cfg='fcn8s_vgg16_voc'"):
        fcn_plugin.load(path)


def test_a_program_inside_does_not_run(save, content, tmp_path):
    path = save(cfg=f"import os\nos.mkdir({str(tmp_path / 'ran')!r})\n{content['meta']['cfg']}")
    with refused("checkpoint-config", path):
        fcn_plugin.load(path)
    assert not (tmp_path / "ran").exists()


def test_no_checkpoint(tmp_path):
    with refused("checkpoint-missing", tmp_path / "gone.pth"):
        fcn_plugin.load(tmp_path / "gone.pth")


def test_no_such_device(save):
    with refused("option-value", "device gpu9"):
        fcn_plugin.load(save(), device="gpu9")


@pytest.mark.parametrize("meta", [{}, dict(classes=("a",), palette=[[1, 2, 3]])])
def test_names_and_colours_that_are_missing_or_another_number(save, meta):
    """Then those of the config's data set, or ids in VOC's colours."""
    net = fcn_plugin.load(save(dataset_meta=meta))
    assert net.classes == (CLASS_NAMES if not meta else tuple(f"class {i}" for i in range(21)))
    assert net.palette[:2] == ((0, 0, 0), (128, 0, 0))
