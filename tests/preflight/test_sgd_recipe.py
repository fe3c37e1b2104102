"""Settings of SGD for a sum and for a mean: hand-computed values, equal weights in training, and the way back."""

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from support.refusals import refused
from torch import nn

from fcn_plugin.preflight.sgd_recipe import SGDRecipe, command, explain, translate

AUTHORS = SGDRecipe("sum", lr=1e-10, size=(500, 375), batch=1, momentum=0.99, weight_decay=5e-4)


@pytest.mark.parametrize(
    ("changes", "lr", "decay"),
    [
        (dict(), 1.875e-5, 5e-4 / 187_500),
        (dict(momentum=0.9), 1.875e-4, 5e-4 / 187_500),
        (dict(batch=4), 7.5e-5, 5e-4 / 187_500),
        (dict(size=(480, 480)), 1.875e-5, 5e-4 / 187_500),  # a mean's lr does not depend on the size
        # 1.875e-5 and 5e-4 / 187,500 over 230,400 pixels
        (dict(reduction="sum", size=(480, 480)), 1.875e-5 / 230_400, 5e-4 * 230_400 / 187_500),
        (dict(reduction="sum", batch=4), 1e-10, 2e-3),  # more images give a larger sum by themselves
        (dict(reduction="sum", momentum=0.9), 1e-9, 5e-4),
        (dict(reduction="sum"), 1e-10, 5e-4),
    ],
)
def test_values_by_hand(changes, lr, decay):
    target = translate(AUTHORS, **changes)
    assert target.lr == pytest.approx(lr, rel=1e-12)
    assert target.weight_decay == pytest.approx(decay, rel=1e-12)
    assert target.reduction == changes.get("reduction", "mean")


def test_void_pixels_are_no_part_of_the_sum():
    assert translate(replace(AUTHORS, labelled=0.8)).lr == pytest.approx(1.5e-5, rel=1e-12)


def test_from_a_mean_to_a_sum():
    target = translate(SGDRecipe("mean", lr=1e-3, size=(20, 10), batch=5, momentum=0.9, weight_decay=1e-4))
    assert (target.reduction, target.batch, target.size, target.momentum) == ("sum", 5, (20, 10), 0.9)
    assert target.lr == pytest.approx(1e-6, rel=1e-12)
    assert target.weight_decay == pytest.approx(0.1, rel=1e-12)


SIDES = st.tuples(st.integers(1, 4000), st.integers(1, 4000))
BATCHES = st.integers(1, 256)
MOMENTA = st.floats(0, 0.999)
RECIPES = st.builds(
    SGDRecipe,
    reduction=st.sampled_from(["sum", "mean"]),
    lr=st.floats(1e-16, 10),
    size=SIDES,
    batch=BATCHES,
    momentum=MOMENTA,
    weight_decay=st.floats(0, 1),
    labelled=st.floats(0.01, 1),
)


@given(source=RECIPES, reduction=st.sampled_from(["sum", "mean"]), batch=BATCHES, size=SIDES, momentum=MOMENTA)
def test_there_and_back(source, reduction, batch, size, momentum):
    there = translate(source, reduction, batch=batch, size=size, momentum=momentum)
    back = translate(there, source.reduction, batch=source.batch, size=source.size, momentum=source.momentum)
    assert back.lr == pytest.approx(source.lr, rel=1e-9)
    assert back.weight_decay == pytest.approx(source.weight_decay, rel=1e-9)
    assert replace(back, lr=source.lr, weight_decay=source.weight_decay) == source
    # an image moves the weights by as much
    assert there.reach / there.batch == pytest.approx(source.reach / source.batch, rel=1e-9)


def trained(recipe, images, labels):
    """Weights after five steps; recipe.batch images each, biases without a rule of their own."""
    torch.manual_seed(0)
    net = nn.Conv2d(3, 4, 3, padding=1, dtype=torch.float64)
    optimizer = torch.optim.SGD(
        net.parameters(), lr=recipe.lr, momentum=recipe.momentum, weight_decay=recipe.weight_decay
    )
    for image, label in zip(images, labels, strict=True):
        optimizer.zero_grad()
        F.cross_entropy(net(image), label, ignore_index=255, reduction=recipe.reduction).backward()
        optimizer.step()
    return torch.cat([weight.detach().flatten() for weight in net.parameters()])


def test_sum_and_mean_train_to_the_same_weights():
    images = torch.randn(5, 2, 3, 8, 10, dtype=torch.float64)
    labels = torch.randint(0, 4, (5, 2, 8, 10))
    labels[:, :, :2] = 255  # a quarter is void
    mean = SGDRecipe("mean", lr=0.1, size=(10, 8), batch=2, momentum=0.9, weight_decay=0.05, labelled=0.75)
    summed = translate(mean)
    assert summed.lr == pytest.approx(0.1 / 120, rel=1e-12)
    weights = trained(mean, images, labels)
    torch.testing.assert_close(trained(summed, images, labels), weights, rtol=1e-10, atol=1e-12)
    # and each part of the translation is needed
    for change in (dict(lr=0.1), dict(weight_decay=0.05)):
        assert not torch.allclose(trained(replace(summed, **change), images, labels), weights, rtol=1e-4)


@pytest.mark.parametrize("momentum", [0.0, 0.5, 0.9])
@pytest.mark.parametrize(("reduction", "pixels"), [("mean", 1), ("sum", 6)])
def test_reach_is_the_way_that_one_gradient_goes(momentum, reduction, pixels):
    recipe = SGDRecipe(reduction, lr=0.01, size=(3, 2), momentum=momentum)
    weight = nn.Parameter(torch.zeros(1, dtype=torch.float64))
    optimizer = torch.optim.SGD([weight], lr=recipe.lr, momentum=momentum)
    for gradient in (float(pixels), *[0.0] * 400):
        weight.grad = torch.full_like(weight, gradient)
        optimizer.step()
    assert -weight.item() == pytest.approx(recipe.reach, rel=1e-12)


def test_the_reasoning_has_the_numbers_in_place():
    target = translate(AUTHORS, "mean", batch=4, momentum=0.9)
    assert explain(AUTHORS, target) == [
        "from: sum over 1 x 500x375, lr 1e-10, momentum 0.99, weight decay 0.0005",
        "to:   mean over 4 x 500x375, lr 0.00075, momentum 0.9, weight decay 2.66667e-09",
        "",
        "sum -> mean: the sum's gradient is N times the mean's, lr x N; "
        "N = 1 x 500 x 375 x 1 = 187500 labelled pixels per batch",
        "  lr 1e-10 -> 1.875e-05",
        "  weight decay 0.0005 -> 2.66667e-09, so that lr x decay is unchanged",
        "batch 1 -> 4: each image counts as before, lr x 4 / 1 (linear scaling rule)",
        "  lr 1.875e-05 -> 7.5e-05",
        "momentum 0.99 -> 0.9: a gradient's effect is lr / (1 - momentum), lr x (1 - 0.9) / (1 - 0.99)",
        "  lr 7.5e-05 -> 0.00075",
        "weight decay reduces a weight by lr x decay / (1 - momentum) = 2e-11 of it per step",
        "",
        "in the config:",
        'model = dict(decode_head=dict(loss_decode=dict(reduction="mean")))',
        "train_dataloader = dict(batch_size=4)",
        "optim_wrapper = dict(optimizer=dict(lr=0.00075, momentum=0.9, weight_decay=2.66667e-09))",
    ]


def test_the_reasoning_leaves_out_what_does_not_change():
    source = SGDRecipe("mean", lr=0.01, size=(10, 10))
    lines = explain(source, translate(source))
    assert lines[3:5] == [
        "mean -> sum: the sum's gradient is N times the mean's, lr / N; N = 1 x 10 x 10 x 1 = 100 labelled pixels per batch",
        "  lr 0.01 -> 0.0001",
    ]
    assert lines[-2:] == [
        'model = dict(decode_head=dict(loss_decode=dict(reduction="sum")))',
        "optim_wrapper = dict(optimizer=dict(lr=0.0001))",
    ]
    assert not [line for line in lines if "batch_size" in line or "momentum" in line or "decay" in line]


def test_command():
    assert command(AUTHORS) == (
        "python tools/translate_lr.py --from sum --to mean --lr 1e-10 --batch 1 --size 500x375 "
        "--momentum 0.99 --weight-decay 0.0005"
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("reduction", "none"),
        ("lr", -1e-10),
        ("lr", float("nan")),
        ("lr", "1e-10"),
        ("size", (0, 375)),
        ("batch", 0),
        ("batch", None),
        ("momentum", 1),
        ("momentum", -0.1),
        ("weight_decay", -5e-4),
        ("weight_decay", float("inf")),
        ("labelled", 0),
        ("labelled", 1.1),
    ],
)
def test_values_that_no_training_can_have(name, value):
    with refused("option-value", f"{name} is {value!r}: give "):
        replace(AUTHORS, **{name: value})
