"""An override that would reach nothing is refused with the key that was meant; new entries that a class takes pass."""

import copy

import pytest
from mmengine.config import Config
from support.refusals import refused

from fcn_plugin.configs import get_config
from fcn_plugin.preflight.overrides import check_overrides, merge_overrides

CONFIG = get_config("fcn8s_vgg16bn_minivoc")
CONFIG.custom_hooks = [dict(type="EMAHook")]
CONFIG.folders = dict(img_path="JPEGImages", seg_map_path="SegmentationClass")

REFUSED = {  # key -> what the message must name
    "optim_wraper.optimizer.lr": "did you mean optim_wrapper.optimizer.lr?",
    "my_variable": "the config has no my_variable",
    "train_cfg.max_iter": "correct this entry, did you mean train_cfg.max_iters?",
    "optim_wrapper.optimizer.lrr": "did you mean optim_wrapper.optimizer.lr?",
    "train_dataloader.batchsize": "did you mean train_dataloader.batch_size?",
    "train_dataloader.dataset.img_sufix": "did you mean train_dataloader.dataset.img_suffix?",
    "model.auxilary_head.type": "did you mean model.auxiliary_head?",  # which the base class takes
    "model.geometri": "did you mean model.geometry?",
    "model.decode_head.in_chanels.fr": "did you mean model.decode_head.in_channels?",
    "optim_wrapper.optimizer.momentum": "'momentum' is not an entry of optim_wrapper.optimizer: correct this entry, AdamW takes ",
    "model.decode_head.loss_decode.gamma": "FCNCrossEntropyLoss takes class_weight, loss_name, loss_weight, reduction",
    "default_hooks.missed_validation.often": "MissedValidationHook takes none",
    "custom_hooks.1.interval": "1 is not an index of the list custom_hooks: there are 0 to 0",
    "custom_hooks.first.momentum": "first is not an index of the list custom_hooks",
    "tta_pipeline.-1.type": "-1 is not an index of the list tta_pipeline",
    "train_cfg.max_iters.x": "train_cfg.max_iters is 400",
    "model.decode_head.streams.0": "model.decode_head.streams is ('fr', 'pool4', 'pool3')",
    "default_hooks.ema": "also give default_hooks.ema.type",
    "default_hooks.ema.momentum": "also give default_hooks.ema.type",
    "default_hooks.chekpoint.interval": "did you mean default_hooks.checkpoint.interval?",
    "max_iters": "override the entries, train_cfg.max_iters",
    "train_pipeline.2.prob": "train_pipeline is a variable of the config file",
    "train_dataloader.dataset.pipeline[2].prob": "did you mean train_dataloader.dataset.pipeline.2.prob?",
    "pipeline.2.prob": "did you mean one of train_dataloader.dataset.pipeline, val_dataloader.dataset.pipeline",
    "folders.img_path": "override the entries, train_dataloader.dataset.data_prefix, val_dataloader.dataset.data_prefix",
}  # fmt: skip

PASS = [
    ("train_cfg.max_iters", "optim_wrapper.optimizer.lr", "randomness.seed", "load_from", "work_dir"),
    (
        "optim_wrapper.clip_grad.max_norm",
        "optim_wrapper.accumulative_counts",
        "optim_wrapper.paramwise_cfg.bias_lr_mult",
    ),
    ("model.pretrained", "model.test_cfg.stride", "model.auxiliary_head.type", "model.backbone.norm_cfg.requires_grad"),
    ("model.decode_head.upsample.kernel_size", "model.decode_head.in_channels.pool2", "model.neck.scales"),
    ("auto_scale_lr.enable", "find_unused_parameters", "broken_files", "adapt_classes", "compile"),
    ("default_hooks.ema.type", "default_hooks.ema.momentum"),
    ("custom_hooks.0.momentum", "custom_hooks.0.priority", "default_hooks.checkpoint.save_last"),
    ("optim_wrapper.type", "optim_wrapper.loss_scale"),  # of the new type
    ("optim_wrapper.optimizer._delete_", "optim_wrapper.optimizer.type", "optim_wrapper.optimizer.momentum"),
    ("train_dataloader.dataset.data_root", "train_dataloader.dataset.indices", "train_dataloader.drop_last"),
    ("train_dataloader.dataset.pipeline.2.prob", "param_scheduler.1.convert_to_iter_based", "val_evaluator.prefix"),
    (),
]


@pytest.mark.parametrize("key", REFUSED)
def test_keys_that_reach_nothing(key):
    with refused("config-override", f"--cfg-options {key}: ", REFUSED[key]):
        check_overrides(CONFIG, [key])


@pytest.mark.parametrize("keys", PASS, ids=", ".join)
def test_keys_that_something_reads(keys):
    before = copy.deepcopy(CONFIG.to_dict())
    check_overrides(CONFIG, keys)
    assert CONFIG.to_dict() == before


def test_overrides_are_merged_and_fill_what_is_none():
    cfg = Config(
        dict(optim_wrapper=dict(type="OptimWrapper", clip_grad=None), train_cfg=None, param_scheduler=[dict(a=None)])
    )
    merge_overrides(
        cfg,
        {"optim_wrapper.clip_grad.max_norm": 1, "optim_wrapper.clip_grad.norm_type": 2, "train_cfg.max_iters": 3,
         "param_scheduler.0.a.b": 4},
    )  # fmt: skip
    assert cfg.to_dict() == dict(
        optim_wrapper=dict(type="OptimWrapper", clip_grad=dict(max_norm=1, norm_type=2)),
        train_cfg=dict(max_iters=3),
        param_scheduler=[dict(a=dict(b=4))],
    )


def test_a_refused_override_leaves_the_config():
    cfg = Config(dict(train_cfg=dict(max_iters=3)))
    with refused("config-override", "train_cfg.max_iter", "did you mean train_cfg.max_iters"):
        merge_overrides(cfg, {"train_cfg.val_interval": 1, "train_cfg.max_iter": 5})
    assert cfg.to_dict() == dict(train_cfg=dict(max_iters=3))


def test_ids_of_a_class_map():
    cfg = Config(dict(train_dataloader=dict(dataset=dict(class_map={0: "sea", 1: "land"}))))
    with refused("config-override", "the keys of train_dataloader.dataset.class_map are numbers"):
        check_overrides(cfg, ["train_dataloader.dataset.class_map.0"])
