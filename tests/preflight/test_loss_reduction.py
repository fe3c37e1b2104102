"""A learning rate for a sum on a mean loss, or the reverse, gets a warning; no config of this package does."""

import copy
from functools import cache

import pytest
from mmengine.config import Config, ConfigDict
from support.refusals import refused

from fcn_plugin.configs import config_dir, config_name, get_config
from fcn_plugin.preflight.loss_reduction import read_recipe, reduction_warning
from fcn_plugin.preflight.sgd_recipe import SGDRecipe, command, translate

LEAVES = sorted(config_name(path) for path in config_dir().rglob("*.py") if "_base_" not in path.parts)
load = cache(get_config)


def with_values(cfg, reduction, **optimizer):
    """A copy with another reduction and other settings of the optimizer."""
    cfg = copy.deepcopy(cfg)
    losses = cfg.model.decode_head.loss_decode
    for loss in [losses] if isinstance(losses, dict) else losses:
        loss.reduction = reduction
    cfg.optim_wrapper.optimizer.update(optimizer)
    return cfg


@pytest.mark.parametrize("name", LEAVES)
def test_every_config_fits_its_loss_and_not_the_other(name):
    cfg = load(name)
    assert reduction_warning(cfg) is None
    if cfg.optim_wrapper.optimizer.type != "SGD":
        assert reduction_warning(with_values(cfg, "sum")) is None  # a factor cancels
        return
    recipe = read_recipe(cfg, size=(500, 375))
    target = translate(recipe)
    switched = with_values(cfg, target.reduction)
    message = reduction_warning(switched)
    assert message.startswith(f"{cfg.filename}: lr {recipe.lr:g} fits reduction='{recipe.reduction}', ")
    assert f"the loss is a {target.reduction} " in message
    assert f"translate_lr.py --from {recipe.reduction} --to {target.reduction} --lr {recipe.lr:g} " in message
    translated = with_values(cfg, target.reduction, lr=target.lr, weight_decay=target.weight_decay)
    assert reduction_warning(translated) is None


def test_both_kinds_of_configs_were_seen():
    kinds = {(load(n).optim_wrapper.optimizer.type, load(n).optim_wrapper.optimizer.lr) for n in LEAVES}
    assert {("SGD", 1e-14), ("SGD", 1e-10), ("SGD", 1e-4), ("SGD", 0.01), ("AdamW", 1e-3)} <= kinds


def config(reduction="mean", lr=0.01, crop=(480, 640), momentum=0.9, **loss):
    pipeline = [dict(type="LoadImageFromFile"), dict(type="RandomCrop", crop_size=crop), dict(type="PackSegInputs")]
    return Config(
        dict(
            model=dict(decode_head=dict(loss_decode=dict(type="FCNCrossEntropyLoss", reduction=reduction, **loss))),
            train_dataloader=dict(batch_size=2, dataset=dict(type="CamVidDataset", pipeline=pipeline)),
            optim_wrapper=dict(optimizer=dict(type="SGD", lr=lr, momentum=momentum, weight_decay=1e-4)),
        ),
        filename="mine.py",
        cfg_text=" ",  # mine.py is no file
    )


def test_the_warning_in_words():
    assert reduction_warning(config("mean", lr=1e-10, momentum=0.99)) == (
        "mine.py: lr 1e-10 fits reduction='sum', but the loss is a mean over labelled pixels, and the net will hardly learn: "
        "set reduction='sum' in model.decode_head.loss_decode, or convert the lr: "
        "python tools/translate_lr.py --from sum --to mean --lr 1e-10 --batch 2 --size 640x480 "
        "--momentum 0.99 --weight-decay 0.0001"
    )
    assert reduction_warning(config("sum", lr=0.01)) == (
        "mine.py: lr 0.01 fits reduction='mean', but the loss is a sum over labelled pixels, and the net is likely to diverge: "
        "set reduction='mean' in model.decode_head.loss_decode, or convert the lr: "
        "python tools/translate_lr.py --from mean --to sum --lr 0.01 --batch 2 --size 640x480 "
        "--momentum 0.9 --weight-decay 0.0001"
    )


@pytest.mark.parametrize(
    ("reduction", "reach", "warns"),
    [
        ("mean", 3.9e-8, True),
        ("mean", 4.1e-8, False),
        ("mean", 1e6, False),
        ("sum", 10.1, True),
        ("sum", 9.9, False),
        ("sum", 1e-12, False),
    ],
)
def test_the_limits_count_pixels_and_momentum(reduction, reach, warns):
    lr = reach * (1 - 0.75) / (2 * 640 * 480 if reduction == "sum" else 1)
    assert (reduction_warning(config(reduction, lr, momentum=0.75)) is not None) == warns


def test_the_weight_of_the_loss_counts():
    assert reduction_warning(config("sum", loss_weight=1 / 614_400)) is None
    assert reduction_warning(config("mean", lr=1e-10)) is not None
    assert reduction_warning(config("mean", lr=1e-10, loss_weight=614_400)) is None


def test_of_several_losses_the_summed_ones_count():
    cfg = config()
    cfg.model.decode_head.loss_decode = [
        dict(type="DiceLoss", loss_weight=3.0),
        dict(type="FCNCrossEntropyLoss", reduction="sum"),
    ]
    assert "but the loss is a sum" in reduction_warning(cfg)
    cfg.model.decode_head.loss_decode[1].loss_weight = 1e-7
    assert reduction_warning(cfg) is None


def test_no_loss_given_is_a_mean():
    cfg = config(lr=1e-10)
    del cfg.model.decode_head.loss_decode
    assert "but the loss is a mean" in reduction_warning(cfg)


def test_quiet_where_no_rate_is_wrong():
    assert reduction_warning(config("mean", lr=0.0)) is None
    clipped = config("sum")
    clipped.optim_wrapper.clip_grad = dict(max_norm=1.0)
    assert reduction_warning(clipped) is None
    clipped.pop("optim_wrapper")
    assert reduction_warning(clipped) is None


def test_impossible_values_name_the_config():
    with refused("config-value", "mine.py: momentum is 1: ", "from 0 to below 1"):
        reduction_warning(config(momentum=1))


def test_recipe_of_a_config():
    cfg = config("sum", lr=1e-9)
    expected = SGDRecipe("sum", lr=1e-9, size=(640, 480), batch=2, momentum=0.9, weight_decay=1e-4)
    assert read_recipe(cfg) == expected
    cfg.train_dataloader.dataset = dict(type="RepeatDataset", times=2, dataset=cfg.train_dataloader.dataset)
    assert read_recipe(cfg) == expected
    assert read_recipe(cfg, lr=1e-8, reduction="mean").lr == 1e-8
    assert read_recipe(config(crop=96)).size == (96, 96)
    cfg.optim_wrapper.optimizer = ConfigDict(type="SGD")
    assert read_recipe(cfg) == SGDRecipe("sum", lr=1e-3, size=(640, 480), batch=2)


def test_without_a_crop_the_size_has_to_be_given():
    cfg = config("sum")
    cfg.train_dataloader.dataset.pipeline = []
    with refused("option-value", "mine.py has no crop size", "--size 500x375"):
        read_recipe(cfg)
    recipe = read_recipe(cfg, size=(500, 375))
    assert recipe.size == (500, 375)
    # the warning takes VOC's
    assert reduction_warning(cfg).endswith(command(SGDRecipe("mean", 0.01, (500, 375), 2, 0.9, 1e-4)))


@pytest.mark.parametrize(
    ("kind", "reason"), [("AdamW", "does not change its steps"), ("RMSprop", "only SGD"), (None, "only SGD")]
)
def test_other_optimizers(kind, reason):
    cfg = config()
    cfg.optim_wrapper.optimizer.type = kind
    with refused("config-value", f"mine.py trains with {kind!r}", reason):
        read_recipe(cfg)
    assert reduction_warning(cfg) is None
