"""Each entry of another kind than its place takes is one message with its place and value, before anything is built."""

import copy

import pytest
from mmengine.config import Config
from support.refusals import refused

from fcn_plugin.configs import get_config
from fcn_plugin.errors import UserError
from fcn_plugin.preflight.prepare import prepare

LOADER, DATASET = "train_dataloader", "train_dataloader.dataset"
PIPELINE, HEAD, NECK = f"{DATASET}.pipeline", "model.decode_head", "model.neck"
CROP = f"{PIPELINE}.3"
GONE = object()  # the entry is taken out

# place -> values that it can't have; the message names the place, or the one that stands behind "->"
WRONG = {
    "model": [None, GONE, {}, "FCN", 3, []],
    "model.type": [None, GONE, 3],
    "model.backbone": [None, {}, "VGG"],
    "model.data_preprocessor": [None, {}, "x"],
    "model.pretrained": [123, ["a.pth"], True],
    "model.compile": ["yes"],
    "model.test_cfg": ["whole"],
    "model.test_cfg.mode": ["hole", "slide"],
    "model.test_cfg.crf": [{"step": 3}, "x", 3],
    "model.input_pad": ["99", None],
    "model.data_preprocessor.mean": ["x"],
    NECK: [{}, "x", None],
    f"{NECK}.fc_channels": ["8", 0, -8, 8.0],
    f"{NECK}.fc6_dilation": [0],
    f"{NECK}.in_channels": [16, None, ["a"]],
    f"{NECK}.scales": ["abc"],
    f"{NECK}.dropout_ratio": [2, "x", None],
    HEAD: [None, GONE, {}, "FCNSkipHead"],
    f"{HEAD}.loss_decode": [None, [], {}, "CE"],
    f"{HEAD}.loss_decode.class_weight": ["abc", ["a"] * 21, 3],
    f"{HEAD}.loss_decode.loss_weight": [None, "1"],
    f"{HEAD}.loss_decode.loss_name": [3],
    f"{HEAD}.num_classes": [0, -1, 2.5, "21", True, [21]],
    f"{HEAD}.streams": [None, 3, [1, None]],
    f"{HEAD}.in_channels": [None, 8, [8, 32, 16]],
    f"{HEAD}.strides": [None, [32, 16, 8], {"fr": "32"}],
    f"{HEAD}.upsample": ["x", ["learnable"]],
    f"{HEAD}.channels": [0, "x"],
    f"{HEAD}.ignore_index": ["255", None],
    f"{HEAD}.sampler": ["x"],
    LOADER: [None, {}, "x", [], 3],
    "val_dataloader": [None, {}],
    f"{LOADER}.batch_size": [None, 0, "2", True, 10**9],
    f"{LOADER}.num_workers": [None, -1, "2", 1.5],
    f"{LOADER}.sampler": [None, {}, "InfiniteSampler"],
    f"{LOADER}.batch_sampler": [{}, "x"],
    DATASET: [None, GONE, {}, "PascalVOCDataset", []],
    f"{DATASET}.type": [3, "VOCDataset"],
    f"{DATASET}.max_refetch": [-1, "x"],
    f"{DATASET}.metainfo": [None, [], "x"],
    f"{DATASET}.metainfo.classes": [3, [["a"]] * 21, None],
    f"{DATASET}.data_root": [3, ["a"]],
    f"{DATASET}.data_prefix": ["JPEGImages", None, []],
    f"{DATASET}.data_prefix.img_path": [3, None],
    f"{DATASET}.ann_file": [3, None, ["x"]],
    f"{DATASET}.img_suffix": [3, None],
    PIPELINE: [None, [], "x", 3, {"type": "LoadImageFromFile"}],
    f"{PIPELINE}.0": [None, {}, "Resize", [{"type": "RandomFlip"}], {"type": "Rezise"}],
    f"{CROP}.crop_size": ["x", None, 0, -5, 2.5, True, (0, 0), (32,), (32, 32, 32), [32.5, 32], ("a", "b"), {}],
    "randomness": [3, "x", []],
    "randomness.seed": [2**32, -1, "x", 1.5, [1], True],
    "default_hooks": [[], "x", 3],
    "default_hooks.checkpoint": ["x", [], {}],
    "default_hooks.logger": [3, "x"],
    "default_hooks.checkpoint.filename_tmpl": ["a_{}_{}.pth", "a/b_{}.pth", "../{}.pth", "a.pth", 3, "{x}", "{.pth", "{:s}.pth"],
    "default_hooks.checkpoint.out_dir": [5],
    "default_hooks.checkpoint.interval": ["x", None],
    "default_hooks.checkpoint.save_best": [3],
    "custom_hooks": ["x", {"type": "EMAHook"}, 3, True],
    "custom_hooks.0": ["EMAHook", None, {}, [{"type": "EMAHook"}]],
    "param_scheduler": ["x", 3, {}],
    "param_scheduler.0": ["PolyLR", None, {}],
    "optim_wrapper": ["x", {}, []],
    "optim_wrapper.optimizer": [None, GONE, "SGD", {}, []],
    "optim_wrapper.optimizer.type": [3, "SGDD"],
    "optim_wrapper.optimizer.lr": ["0.1", None, -1, float("nan"), float("inf"), [1]],
    "optim_wrapper.paramwise_cfg": ["x"],
    "optim_wrapper.clip_grad": ["x", 3],
    "optim_wrapper.clip_grad.max_norm": ["x", 0, -1, None, True],
    "train_cfg": ["x", []],
    "train_cfg.max_iters": [None, 0, -1, 1.5, "10", True],
    "train_cfg.val_interval": [None, 0, "x"],
    "train_cfg.dynamic_intervals": [3, [(1,)], [(0, 0)], [("x", 1)]],
    "val_cfg": ["x"],
    "val_evaluator": ["x", 3, {}, []],
    "visualizer": [{}, "x", []],
    "visualizer.vis_backends": ["x", 3],
    "visualizer.vis_backends.0": [None, {}, "LocalVisBackend"],
    "tta_model": [{}, "x"],
    "tta_pipeline": ["x"],
    "env_cfg": [None, "x", []],
    "env_cfg.mp_cfg.mp_start_method": ["forkk"],
    "auto_scale_lr": ["x"],
    "auto_scale_lr.base_batch_size": [None, 0, "x"],
    "log_processor.window_size": [0, "x"],
    "log_level": ["INF", None, []],
    "log_processor": ["x", []],
    "log_processor.custom_cfg": ["x", [dict(data_src="loss", window_size="x")]],
    "default_scope": [None, 3],
    "runner_type": [None, 3],
    "load_from": [3, ["x"], True],
    "broken_files": [None, "skipp"],
    "gradient_compression": ["bf17", "", 16, False],
    "compile": ["x", 3],
}  # fmt: skip


@pytest.fixture(scope="module")
def whole(data):
    """A config with an entry for each place of the table."""
    cfg = get_config("fcn8s_vgg16bn_minivoc")
    for split in ("train", "val", "test"):
        cfg[f"{split}_dataloader"].dataset.data_root = str(data)
    cfg.train_dataloader.dataset.pipeline.insert(3, dict(type="RandomCrop", crop_size=(32, 32)))
    cfg.custom_hooks = [dict(type="EMAHook")]
    return cfg


def changed(cfg, place, value):
    """A copy of a config with another value at a place."""
    entries = copy.deepcopy(cfg.to_dict())
    *way, last = (int(word) if word.isdigit() else word for word in place.split("."))
    node = entries
    for word in way:
        if isinstance(node, dict) and node.get(word) is None:
            node[word] = {}
        node = node[word]
    if value is GONE:
        del node[last]
    else:
        node[last] = value
    return Config(entries, filename=__file__)


def test_the_whole_config_passes(whole):
    prepare(copy.deepcopy(whole), ("train", "val"), look_for_files=True)


@pytest.mark.parametrize("place", WRONG)
def test_wrong_entries_are_named(whole, place):
    for value in WRONG[place]:
        with pytest.raises(UserError) as caught:
            prepare(changed(whole, place, value), ("train", "val"), look_for_files=True)
        assert caught.value.code.startswith("config-") or place == f"{HEAD}.num_classes"
        named = place.removesuffix(".type") if value in (None, GONE) else place
        assert named in caught.value.message, value


def test_a_loop_that_never_ends_or_never_saves(whole):
    epochs = dict(type="EpochBasedTrainLoop", max_epochs=2, val_interval=1)
    ended = changed(whole, "train_dataloader.sampler", dict(type="DefaultSampler", shuffle=True))
    by_epoch = changed(ended, "default_hooks.checkpoint.by_epoch", True)
    prepare(changed(by_epoch, "train_cfg", epochs), ("train",))
    for cfg, loop, named in (
        (whole, epochs, "sampler is InfiniteSampler"),
        (whole, dict(by_epoch=True, max_epochs=2), "sampler is InfiniteSampler"),
        (ended, epochs, "checkpoint.by_epoch is False"),
        (by_epoch, whole.train_cfg, "checkpoint.by_epoch is True"),
        (changed(whole, "default_hooks.checkpoint.by_epoch", GONE), whole.train_cfg, "checkpoint.by_epoch is True"),
    ):
        with refused("config-value", named):
            prepare(changed(cfg, "train_cfg", loop), ("train",))
