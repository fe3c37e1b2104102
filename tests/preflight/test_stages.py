"""Which nets lead to a net, and where they are trained."""

import pytest
from mmengine.config import Config
from support.refusals import refused

from fcn_plugin.configs import get_config
from fcn_plugin.preflight.stages import stages_of


def chain_of(name):
    cfg = get_config(name)
    cfg.work_dir = "runs/net"
    return stages_of(cfg, get_config)


def test_a_config_without_parent_loses_one_stream_per_stage():
    chain = chain_of("fcn8s_vgg16_voc")
    assert [stage.name for stage in chain] == ["32s", "16s", "8s"]
    streams = ("fr", "pool4", "pool3")
    assert [tuple(stage.cfg.model.decode_head.streams) for stage in chain] == [streams[:i] for i in (1, 2, 3)]
    assert {stage.cfg.optim_wrapper.optimizer.lr for stage in chain} == {0.001}
    assert all(stage.cfg.filename.endswith("fcn8s_vgg16_voc.py") for stage in chain)


def test_a_named_parent_brings_its_own_solver():
    chain = chain_of("reference/fcn8s_vgg16_voc")
    assert [stage.name for stage in chain] == ["32s", "16s", "8s"]
    assert [stage.cfg.optim_wrapper.optimizer.lr for stage in chain] == [1e-10, 1e-12, 1e-14]
    parents = [None, "reference/fcn32s_vgg16_voc", "reference/fcn16s_vgg16_voc"]
    assert [stage.cfg.get("parent") for stage in chain] == parents
    assert chain[0].cfg.model.pretrained


def test_a_chain_ends_in_the_net_that_was_asked_for():
    assert [stage.name for stage in chain_of("fcn16s_vgg16_voc")] == ["32s", "16s"]


@pytest.mark.parametrize("name", ["fcn8s_r50_voc", "fcn8s_efficientnet-lite0_voc"])  # strides typed, and derived
def test_every_stage_has_a_folder_of_its_own(name):
    folders = [stage.cfg.work_dir for stage in chain_of(name)]
    assert folders == ["runs/net/32s", "runs/net/16s", "runs/net/8s"]


def test_a_stage_whose_stride_only_the_net_knows_is_named_by_its_stream():
    cfg = get_config("fcn8s_r50_voc")
    cfg.model.decode_head.strides, cfg.model.backbone.strides = "auto", (1, 2, 2, 2)  # of ResNet's stages
    cfg.work_dir = "runs/net"
    folders = [stage.cfg.work_dir for stage in stages_of(cfg, get_config)]
    assert folders == ["runs/net/fr", "runs/net/layer3", "runs/net/layer2"]


def test_stages_share_no_config():
    chain = chain_of("fcn8s_vgg16_voc")
    chain[0].cfg.optim_wrapper.optimizer.lr = 1.0
    chain[0].cfg.model.decode_head.num_classes = 2
    assert chain[1].cfg.optim_wrapper.optimizer.lr == 0.001
    assert chain[2].cfg.model.decode_head.num_classes == 21


def test_overrides_reach_named_parents():
    cfg = get_config("reference/fcn8s_vgg16_voc")
    cfg.work_dir = "runs/net"
    read = []

    def load(name):
        read.append(name)
        parent = get_config(name)
        parent.train_cfg.max_iters = 7
        return parent

    chain = stages_of(cfg, load)
    assert read == ["reference/fcn16s_vgg16_voc", "reference/fcn32s_vgg16_voc"]
    assert [stage.cfg.train_cfg.max_iters for stage in chain] == [7, 7, 100000]


@pytest.mark.parametrize("parent", ["reference/fcn16s_vgg16_voc", "reference/fcn8s_vgg16_voc"])
def test_a_chain_without_end_is_refused(parent):
    def load(name):
        cfg = get_config(name)
        cfg.parent = parent  # as --cfg-options reaches every config
        return cfg

    cfg = load("reference/fcn16s_vgg16_voc")
    cfg.work_dir = "runs/net"
    with refused("stages", f"{parent}.py", "model.decode_head.streams"):
        stages_of(cfg, load)


def test_a_net_without_skips_has_no_stages():
    with refused("stages", "fcn32s_vgg16_voc.py", "tools/train.py"):
        chain_of("fcn32s_vgg16_voc")


def test_a_config_of_another_net_is_refused():
    cfg = Config(dict(model=dict(decode_head=dict(type="FCNHead")), work_dir="runs"))
    with refused("stages", "FCNSkipHead"):
        stages_of(cfg, get_config)


@pytest.mark.parametrize(
    "entry",
    [
        dict(save_best=None),
        dict(save_best="auto"),
        dict(save_best=["mIoU", "aAcc"]),
        dict(out_dir="x"),
        dict(type="CheckpointHook"),
    ],
)
def test_a_stage_that_notes_no_best_checkpoint_is_refused_before_the_first(entry):
    cfg = get_config("fcn16s_vgg16_voc")
    cfg.default_hooks.checkpoint.update(entry)
    cfg.work_dir = "runs/net"
    with refused("config-value", "fcn16s_vgg16_voc.py", "default_hooks.checkpoint", "save_best"):
        stages_of(cfg, get_config)
