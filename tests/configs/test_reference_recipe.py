"""The reference configs train as the authors do: rate and decay of every parameter, steps, loss, start.

Shelhamer et al., PAMI 2016, sec. 4 and the authors' published solvers; GoogLeNet: Long et al., CVPR 2015, sec. 4.3.
"""

import re
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch
from mmengine.optim import build_optim_wrapper
from support.builders import MODELS
from support.configs import own_config
from torch import nn

from fcn_plugin.configs import config_dir
from fcn_plugin.layers.bilinear import BilinearUpsample

# a pooling counts as a layer, a convolution with its ReLU as one
VGG16 = [f"backbone.features.{i}.conv" for i in (0, 1, 3, 4, 6, 7, 8, 10, 11, 12, 14, 15, 16)]
CAFFENET = [f"backbone.conv{i}" for i in (1, 2, 3, 4, 5)]
BRANCHES = ("branch1", "branch2.0", "branch2.1", "branch3.0", "branch3.1", "branch4.1")
INCEPTIONS = ("3a", "3b", "4a", "4b", "4c", "4d", "4e", "5a", "5b")
GOOGLENET = [f"backbone.conv{i}.conv" for i in (1, 2, 3)]
GOOGLENET += [f"backbone.inception{block}.{branch}.conv" for block in INCEPTIONS for branch in BRANCHES]
FC = ["neck.fc6", "neck.fc7"]
SCORES = [f"decode_head.score_{stream}" for stream in ("fr", "pool4", "pool3")]
DECAY = 5e-4


class Recipe(NamedTuple):
    """A row of the authors' solvers."""

    rate: float
    momentum: float
    steps: int
    images: int  # of a step, one after the other
    reduction: str
    start: str | dict[str, str]  # ImageNet classifier, or the trained net of another config; late fusion has two
    layers: list[str]  # all that learn
    upscores: list[str]  # all that do not
    dropout: float = 0.5
    biases_as_weights: tuple[str, ...] = ()  # layers whose bias has the rate and the decay of a weight
    val_interval: int = 4000


VGG_START = "VGG_ILSVRC_16_layers.caffemodel"
AT_ONCE = [*VGG16, *FC, *SCORES], ["upscore2", "upscore_pool4", "upscore8"]
RECIPES = {
    "fcn32s_vgg16_voc": Recipe(1e-10, 0.99, 100_000, 1, "sum", VGG_START, [*VGG16, *FC, *SCORES[:1]], ["upscore"]),
    "fcn16s_vgg16_voc": Recipe(
        1e-12, 0.99, 100_000, 1, "sum", "fcn32s_vgg16_voc", [*VGG16, *FC, *SCORES[:2]], ["upscore2", "upscore16"]
    ),
    "fcn8s_vgg16_voc": Recipe(1e-14, 0.99, 100_000, 1, "sum", "fcn16s_vgg16_voc", *AT_ONCE),
    "fcn8s-atonce_vgg16_voc": Recipe(1e-10, 0.99, 300_000, 1, "sum", VGG_START, *AT_ONCE),
    # the published definition gives factors to score_fr alone
    "fcn32s_caffenet_voc": Recipe(
        *(1e-4, 0.9, 100_000, 20, "mean", "bvlc_reference_caffenet.caffemodel", [*CAFFENET, *FC, SCORES[0]]),
        upscores=["upscore"],
        biases_as_weights=(*CAFFENET, *FC),
    ),
    # the paper gives no number of steps for it: AlexNet's; dropout is the BVLC GoogLeNet's
    "fcn32s_googlenet_voc": Recipe(
        5e-5, 0.9, 100_000, 20, "mean", "bvlc_googlenet.caffemodel", [*GOOGLENET, SCORES[0]], ["upscore"], 0.4
    ),
}
for stride in ("32s", "16s", "8s"):  # solve.py: 50 x 8,000 steps, each followed by a validation
    start = RECIPES[f"fcn{stride}_vgg16_voc"].start.replace("_voc", "_context")
    RECIPES[f"fcn{stride}_vgg16_context"] = RECIPES[f"fcn{stride}_vgg16_voc"]._replace(
        steps=400_000, val_interval=8000, start=start
    )
    # 50 x 2,000 steps; FCN-8s at the rate of FCN-16s
    rate = 1e-12 if stride == "8s" else RECIPES[f"fcn{stride}_vgg16_voc"].rate
    RECIPES[f"fcn{stride}_vgg16_siftflow"] = RECIPES[f"fcn{stride}_vgg16_voc"]._replace(
        rate=rate, val_interval=2000, start=start.replace("_context", "_siftflow")
    )
for images in ("color", "depth", "hha"):  # solve.py: 50 x 2,000 steps
    RECIPES[f"fcn32s_vgg16_nyud_{images}"] = RECIPES["fcn32s_vgg16_voc"]._replace(val_interval=2000)
TRUNKS = [re.sub(r"^(backbone|neck)", rf"\1.{trunk}", name) for trunk in ("color", "hha") for name in (*VGG16, *FC)] + [
    "decode_head.score_fr.color",
    "decode_head.score_fr.hha",
]
RECIPES["fcn32s_vgg16_nyud_colorhha"] = Recipe(
    1e-12, 0.99, 100_000, 1, "sum", {"color": "nyud_color", "hha": "nyud_hha"}, TRUNKS, ["upscore"], val_interval=2000
)
EACH = pytest.mark.parametrize("name", RECIPES)


def build(name):
    """(config, net at full width without values)"""
    cfg = own_config(f"reference/{name}")
    with torch.device("meta"):
        return cfg, MODELS.build(cfg.model)


def test_every_reference_config_has_its_row():
    assert set(RECIPES) == {path.stem for path in (config_dir() / "reference").glob("*.py")}


@EACH
def test_rate_and_decay_of_every_parameter(name):
    """Weights learn at the base rate with decay, most biases at twice the rate without: all listed, none by default."""
    recipe, (cfg, model) = RECIPES[name], build(name)
    optimizer = build_optim_wrapper(model, cfg.optim_wrapper).optimizer
    assert type(optimizer) is torch.optim.SGD
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    found = [
        (names[id(parameter)], group["lr"], group["weight_decay"], group["momentum"])
        for group in optimizer.param_groups
        for parameter in group["params"]
    ]
    expected = []
    for layer in recipe.layers:
        expected.append((f"{layer}.weight", recipe.rate, DECAY, recipe.momentum))
        lr, decay = (1, 1) if layer in recipe.biases_as_weights else (2, 0)
        expected.append((f"{layer}.bias", lr * recipe.rate, decay * DECAY, recipe.momentum))
    assert sorted(found) == sorted(expected)
    assert len(found) == len(names)
    assert all(parameter.requires_grad for parameter in model.parameters())
    assert not any(group["nesterov"] or group["dampening"] for group in optimizer.param_groups)


@EACH
def test_upsampling_is_fixed(name):
    _, model = build(name)
    head = model.decode_head
    found = {name: layer for name, layer in head.named_children() if isinstance(layer, BilinearUpsample)}
    assert list(found) == RECIPES[name].upscores
    for layer in found.values():
        assert not list(layer.parameters())
        assert layer.weight.shape[0] == head.num_classes


@EACH
def test_steps_at_one_rate(name):
    recipe, cfg = RECIPES[name], own_config(f"reference/{name}")
    assert cfg.train_cfg.type == "IterBasedTrainLoop"
    assert cfg.train_dataloader.batch_size == 1
    assert cfg.train_dataloader.sampler == {"type": "IndependentDraws"}  # at random with replacement
    assert cfg.optim_wrapper.get("accumulative_counts", 1) == recipe.images
    assert cfg.train_cfg.max_iters == recipe.steps * recipe.images  # an iteration is one image
    assert cfg.train_cfg.val_interval == recipe.val_interval * recipe.images
    assert cfg.param_scheduler == []
    assert cfg.optim_wrapper.type == "OptimWrapper"
    assert cfg.optim_wrapper.clip_grad is None


@EACH
def test_a_step_is_the_solvers(name):
    """Caffe: V <- m V + r (g + d w), w <- w - V, where g is the mean over the images of a step (``iter_size``)."""
    recipe, cfg = RECIPES[name], own_config(f"reference/{name}")
    rate = cfg.optim_wrapper.optimizer.lr = 0.01  # the recipe's would be lost in rounding
    layer = nn.Conv2d(1, 1, 1).double()
    net = nn.ModuleDict({"score_fr": layer})
    optim = build_optim_wrapper(net, cfg.optim_wrapper)
    optim.initialize_count_status(net, 0, 3 * recipe.images)
    values = np.array([layer.weight.item(), layer.bias.item()])
    history = np.zeros(2)
    for step in np.random.randn(3, recipe.images, 2):  # slopes of weight and bias
        for weight_slope, bias_slope in step:
            optim.update_params((weight_slope * layer.weight + bias_slope * layer.bias).sum())
        gradient = step.mean(0) + np.array([DECAY, 0]) * values
        history = recipe.momentum * history + np.array([rate, 2 * rate]) * gradient
        values = values - history
    np.testing.assert_allclose([layer.weight.item(), layer.bias.item()], values, rtol=1e-12)


@EACH
def test_loss_and_dropout(name):
    recipe, (cfg, model) = RECIPES[name], build(name)
    for loss in model.decode_head.loss_terms:
        assert (loss.reduction, loss.loss_weight, loss.class_weight) == (recipe.reduction, 1, None)
    assert model.decode_head.ignore_index == 255
    assert model.decode_head.sampler is None
    necks = [part for part in model.neck.modules() if hasattr(part, "dropout_ratio")]
    assert [neck.dropout_ratio for neck in necks] == [recipe.dropout] * (2 if isinstance(recipe.start, dict) else 1)
    assert cfg.model.precision == "fp32"


@EACH
def test_starts_as_the_authors_do(name):
    """From a classifier's file, or from a trained parent that has its own config; the user names the parent's weights."""
    recipe, cfg = RECIPES[name], own_config(f"reference/{name}")
    assert cfg.load_from is None
    source = cfg.model.get("pretrained")
    if isinstance(recipe.start, dict):
        assert cfg.get("parent") is None
        assert {trunk: Path(path).stem.partition("vgg16_")[2] for trunk, path in source.items()} == recipe.start
    elif recipe.start in RECIPES:
        assert (cfg.parent, source) == (f"reference/{recipe.start}", None)
    else:
        assert (cfg.get("parent"), Path(source).name) == (None, recipe.start)
