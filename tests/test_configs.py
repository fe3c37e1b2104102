"""Every config: four bases at most three files deep, registered types only, builds, and forwards to the input's size."""

import re
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import RUNNERS, init_default_scope
from mmseg.registry import DATASETS, HOOKS, METRICS, MODELS, TRANSFORMS

import fcn_plugin
from fcn_plugin.configs import config_dir, get_config
from fcn_plugin.errors import UserError

LEAVES = sorted(path.stem for path in config_dir().glob("*.py"))
STREAMS = {
    "fcn32s": ("fr",),
    "fcn16s": ("fr", "pool4"),
    "fcn8s": ("fr", "pool4", "pool3"),
    "fcn8s-atonce": ("fr", "pool4", "pool3"),
}
CLASSES = {"voc": 21, "minivoc": 21, "camvid": 11}


def test_every_net_has_its_config():
    nets = ("fcn32s", "fcn16s", "fcn8s")
    wanted = {f"{net}_vgg16_voc" for net in (*nets, "fcn8s-atonce")} | {f"{net}_vgg16bn_camvid" for net in nets}
    assert wanted | {"fcn8s_vgg16_minivoc"} <= set(LEAVES)


@pytest.mark.parametrize("name", LEAVES)
def test_name_says_net_and_data(name):
    cfg = get_config(name)
    net, _, data = name.split("_")
    assert tuple(cfg.model.decode_head.streams) == STREAMS[net]
    assert cfg.model.decode_head.num_classes == CLASSES[data]
    assert len(DATASETS.get(cfg.train_dataloader.dataset.type).METAINFO["classes"]) == CLASSES[data]


@pytest.mark.parametrize("name", LEAVES)
def test_types_are_registered(name):
    cfg = get_config(name)
    init_default_scope(cfg.default_scope)
    assert RUNNERS.get(cfg.runner_type) is fcn_plugin.engine.FCNRunner
    for split in ("train", "val", "test"):
        dataset = cfg[f"{split}_dataloader"].dataset
        assert DATASETS.get(dataset.type) is not None
        assert all(TRANSFORMS.get(step.type) is not None for step in dataset.pipeline)
    assert all(METRICS.get(cfg[f"{split}_evaluator"].type) is not None for split in ("val", "test"))
    hooks = [*cfg.default_hooks.values(), *cfg.custom_hooks]
    assert all(HOOKS.get(hook.type) is not None for hook in hooks)
    assert cfg.default_hooks.checkpoint.save_best == "mIoU"


@pytest.mark.parametrize("name", LEAVES)
def test_net_forwards_to_the_size_of_its_input(name):
    cfg = get_config(name)
    init_default_scope(cfg.default_scope)
    narrow = dict(neck=dict(fc_channels=8), decode_head=dict(in_channels=dict(fr=8)), pretrained=None, precision="fp32")
    cfg.merge_from_dict({"model": narrow})
    model = MODELS.build(cfg.model).eval()
    with torch.no_grad():
        assert model(torch.rand(1, 3, 37, 50)).shape == (1, CLASSES[name.split("_")[-1]], 37, 50)


def test_at_once_scales_its_skips():
    assert tuple(get_config("fcn8s-atonce_vgg16_voc").model.neck.scales) == (1, 0.01, 0.0001)


def test_validation_counts_no_image_twice():
    for name in LEAVES:
        assert get_config(name).val_dataloader.sampler.round_up is False


@pytest.mark.parametrize("path", sorted(config_dir().rglob("*.py")), ids=lambda path: path.stem)
def test_inheritance_is_at_most_three_files_deep(path):
    assert _depth(path) <= 3


def test_unknown_config_names_the_known_ones():
    with pytest.raises(UserError, match=r"fcn4s_vgg16_voc.*fcn8s_vgg16_voc"):
        get_config("fcn4s_vgg16_voc")


def _depth(path: Path) -> int:
    bases = re.search(r"_base_ = (\[.*?\]|\".*?\")", path.read_text(), re.DOTALL)
    files = re.findall(r'"([^"]+)"', bases[1]) if bases else []
    return 1 + max((_depth(path.parent / file) for file in files), default=0)


def test_schedules_hold_their_length():
    for thousand in (20, 40, 80):
        cfg = Config.fromfile(config_dir() / "_base_" / "schedules" / f"schedule_{thousand}k.py")
        assert cfg.train_cfg.max_iters == cfg.param_scheduler[-1].end == 1000 * thousand
