"""The per-pixel softmax loss against values worked out by hand."""

import math

import pytest
import torch
from support.refusals import refused

from fcn_plugin.models.losses import FCNCrossEntropyLoss

# two classes, scores ln 3 and 0: the first has probability 3/4, the second 1/4
LOGITS = torch.tensor([math.log(3.0), 0.0]).reshape(1, 2, 1, 1).expand(1, 2, 2, 2)
FIRST, SECOND = math.log(4 / 3), math.log(4)
LABEL = torch.tensor([[[0, 1], [0, 255]]])


def loss(label=LABEL, weight=None, logits=LOGITS, ignore_index=255, **kwargs):
    return FCNCrossEntropyLoss(**kwargs)(logits, label, weight, ignore_index=ignore_index)


def test_mean_over_labelled_pixels_times_the_weight():
    assert loss().item() == pytest.approx((2 * FIRST + SECOND) / 3)
    assert loss(loss_weight=0.25).item() == pytest.approx((2 * FIRST + SECOND) / 12)
    assert FCNCrossEntropyLoss().loss_name == "loss_ce"
    assert FCNCrossEntropyLoss(loss_name="loss_geo").loss_name == "loss_geo"


def test_sum_is_the_papers_unnormalised_loss():
    assert loss(reduction="sum").item() == pytest.approx(2 * FIRST + SECOND)


def test_class_weights_count_above_and_below_the_line():
    assert loss(class_weight=[1, 4]).item() == pytest.approx((2 * FIRST + 4 * SECOND) / 6)
    assert loss(class_weight=[1, 4], reduction="sum").item() == pytest.approx(2 * FIRST + 4 * SECOND)


def test_pixel_weights_leave_the_number_of_pixels():
    weight = torch.tensor([[[1.0, 0.0], [0.5, 7.0]]])  # the last is void
    assert loss(weight=weight).item() == pytest.approx(1.5 * FIRST / 3)
    assert loss(weight=weight, reduction="sum").item() == pytest.approx(1.5 * FIRST)


def test_another_void_id():
    label = torch.tensor([[[0, 1], [-1, -1]]])
    assert loss(label, ignore_index=-1).item() == pytest.approx((FIRST + SECOND) / 2)


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("class_weight", [None, [1, 4]])
def test_only_void_gives_zero_and_no_gradient(reduction, class_weight):
    logits = LOGITS.clone().requires_grad_()
    value = loss(torch.full((1, 2, 2), 255), logits=logits, reduction=reduction, class_weight=class_weight)
    value.backward()
    assert value.item() == 0
    assert (logits.grad == 0).all()


def test_only_classes_of_weight_zero_give_zero():
    assert loss(torch.tensor([[[0, 0], [0, 255]]]), class_weight=[0, 1]).item() == 0


def test_void_pixels_get_no_gradient():
    logits = LOGITS.clone().requires_grad_()
    loss(logits=logits, reduction="sum").backward()
    torch.testing.assert_close(logits.grad[0, :, 0, 0], torch.tensor([-0.25, 0.25]))
    torch.testing.assert_close(logits.grad[0, :, 0, 1], torch.tensor([0.75, -0.75]))
    assert (logits.grad[0, :, 1, 1] == 0).all()


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_logits_are_summed_in_float32(dtype):
    logits = torch.zeros(1, 2, 100, 100, dtype=dtype)
    value = loss(torch.zeros(1, 100, 100, dtype=torch.long), logits=logits, reduction="sum")
    assert value.dtype == torch.float32
    assert value.item() == pytest.approx(10000 * math.log(2), rel=1e-5)


def test_unknown_reduction():
    with refused("config-value", "reduction 'none'"):
        FCNCrossEntropyLoss(reduction="none")
