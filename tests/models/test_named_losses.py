"""Lovász, focal, Tversky and boundary losses with our head: values by hand, and void as if it were not there."""

import math

import pytest
import torch
from mmseg.models.losses import FocalLoss, LovaszLoss
from mmseg.registry import MODELS
from support.builders import build_head, sample
from support.refusals import refused

from fcn_plugin.models.losses import FCNBoundaryCrossEntropyLoss, FCNFocalLoss, FCNLovaszLoss
from fcn_plugin.models.losses.cross_entropy import boundary_band

VOID = 255
CONFIGS = [
    dict(type="FCNLovaszLoss"),
    dict(type="FCNLovaszLoss", classes="all", class_weight=[1.0, 2.0, 3.0]),
    dict(type="FCNFocalLoss"),
    dict(type="FCNFocalLoss", alpha=[0.2, 0.5, 0.7], class_weight=[1.0, 2.0, 3.0], loss_weight=0.5),
    dict(type="TverskyLoss"),
    dict(type="FCNBoundaryCrossEntropyLoss", boundary_width=1),
    dict(type="FCNBoundaryCrossEntropyLoss", class_weight=[1.0, 2.0, 3.0], reduction="sum"),
]
LOSSES = pytest.mark.parametrize("config", CONFIGS, ids=lambda config: "-".join(map(str, config.values())))


def batch(height=6, width=5):
    torch.manual_seed(0)
    return torch.randn(2, 3, height, width), torch.randint(0, 3, (2, height, width))


def loss_of(head, logits, label):
    losses = head.loss_by_feat(logits, [sample(mask) for mask in label])
    return sum(value for key, value in losses.items() if "loss_" in key)


@LOSSES
def test_void_is_not_there(config):
    """Columns of void change neither the loss nor a gradient, whatever their logits; their own gradient is 0."""
    head = build_head("32s", num_classes=3, loss_decode=config)
    logits, label = batch()
    alone = logits.clone().requires_grad_()
    expected = loss_of(head, alone, label)
    expected.backward()
    beside = torch.cat([logits, 9 * torch.randn(2, 3, 6, 4)], 3).requires_grad_()
    found = loss_of(head, beside, torch.cat([label, torch.full((2, 6, 4), VOID)], 2))
    found.backward()
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(beside.grad[..., :5], alone.grad)
    assert (beside.grad[..., 5:] == 0).all()
    assert alone.grad.any() and expected.shape == ()


@LOSSES
@pytest.mark.parametrize("labelled", [0, 1])
def test_hardly_a_labelled_pixel(config, labelled):
    logits, label = batch()
    label[label < VOID] = VOID
    label[0, 0, :labelled] = 1
    value = loss_of(build_head("32s", num_classes=3, loss_decode=config), logits.requires_grad_(), label)
    value.backward()
    assert value.isfinite() and logits.grad.isfinite().all()
    assert bool(logits.grad.any()) == bool(labelled)
    assert labelled or value == 0


def test_focal_by_hand():
    """Logits 0 and ln 3 have probabilities 1/2 and 3/4."""
    logits = torch.tensor([0.0, math.log(3)]).reshape(1, 2, 1, 1).expand(1, 2, 1, 2)
    label = torch.tensor([[[0, VOID]]])
    right, wrong = 0.25 * 0.5**2 * math.log(2), 0.75 * 0.75**2 * math.log(4)
    loss = FCNFocalLoss(alpha=0.25)
    assert loss(logits, label).item() == pytest.approx((right + wrong) / 2)
    assert loss(logits, label, weight=torch.tensor([[[3.0, 5.0]]])).item() == pytest.approx(3 * (right + wrong) / 2)
    each = loss(logits, label, reduction_override="none")
    torch.testing.assert_close(each, torch.tensor([[[(right + wrong) / 2, 0.0]]]))


def test_focal_of_one_channel_and_of_several_labels():
    loss, (right, wrong) = FCNFocalLoss(gamma=1.0), (0.5 * 0.25 * math.log(4 / 3), 0.5 * 0.75 * math.log(4))
    logits = torch.full((1, 1, 1, 3), math.log(3))
    assert loss(logits, torch.tensor([[[1, 0, VOID]]])).item() == pytest.approx((right + wrong) / 2)
    labels = torch.tensor([[1, 0, VOID], [VOID, 0, VOID]]).reshape(1, 2, 1, 3)
    assert loss(logits.expand(1, 2, 1, 3), labels).item() == pytest.approx((right + 2 * wrong) / 3)


def test_lovasz_of_certain_answers_is_one_less_the_mean_iu():
    answers, label = torch.tensor([[0, 0, 1, 1, 1]]), torch.tensor([[[0, 1, 1, 1, VOID]]])
    logits = 100 * torch.nn.functional.one_hot(answers, 2).float().movedim(-1, 1)[:, :, None]
    assert FCNLovaszLoss()(logits, label).item() == pytest.approx(1 - (1 / 2 + 2 / 3) / 2)
    assert FCNLovaszLoss(classes=[1])(logits, label).item() == pytest.approx(1 / 3)
    one_channel = logits[:, 1:] - logits[:, :1]
    assert FCNLovaszLoss()(one_channel, label).item() == pytest.approx(1 - (1 / 2 + 2 / 3) / 2)


def test_lovasz_of_one_pixel_is_its_error():
    """The Lovász extension of 1 - IU is linear in one pixel: its error, once for its class, once for the other if that counts."""
    logits, label = torch.tensor([math.log(3), 0.0]).reshape(1, 2, 1, 1), torch.tensor([[[1]]])
    assert FCNLovaszLoss()(logits, label).item() == pytest.approx(3 / 4)


def test_tversky_by_hand():
    """Class 1 has p = 1/4 at one pixel of itself and one of class 0; void has none."""
    head = build_head("32s", loss_decode=dict(type="TverskyLoss", alpha=0.25, beta=0.75))
    logits = torch.tensor([math.log(3), 0.0]).reshape(1, 2, 1, 1).expand(1, 2, 1, 3)
    # one pixel of each class: what class 0 has too much, class 1 misses
    by_hand = [(0.75 + 1) / (0.75 + 0.25 * 0.75 + 0.75 * 0.25 + 1), (0.25 + 1) / (0.25 + 0.25 * 0.25 + 0.75 * 0.75 + 1)]
    found = loss_of(head, logits, torch.tensor([[[0, 1, VOID]]]))
    assert found.item() == pytest.approx(1 - sum(by_hand) / 2)


def test_the_band_by_hand():
    label = torch.tensor([[[0, 0, 0, 0, 1, 1, VOID, VOID, 2, VOID, 0]]])
    assert boundary_band(label, 1, VOID).int().tolist() == [[[0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0]]]
    assert boundary_band(label, 2, VOID).int().tolist() == [[[0, 0, 1, 1, 1, 1, 0, 0, 1, 0, 1]]]
    square = torch.zeros(1, 5, 5, dtype=torch.long)
    square[0, 2, 2] = 4
    assert boundary_band(square, 1, VOID).sum() == 9


def test_boundary_pixels_count_more():
    logits, label = torch.zeros(1, 2, 1, 6), torch.tensor([[[0, 0, 0, 1, VOID, 0]]])
    loss = FCNBoundaryCrossEntropyLoss(boundary_width=1, boundary_weight=3.0)
    assert loss(logits, label).item() == pytest.approx((1 + 1 + 3 + 3 + 1) / 5 * math.log(2))
    each = loss(logits, label, reduction_override="none") / math.log(2)
    torch.testing.assert_close(each, torch.tensor([[[1.0, 1, 3, 3, 0, 1]]]))
    weight = torch.tensor([[[0.0, 2, 2, 0, 9, 0]]])
    assert loss(logits, label, weight=weight).item() == pytest.approx((2 + 6) / 5 * math.log(2))
    sigmoid = FCNBoundaryCrossEntropyLoss(boundary_width=1, boundary_weight=3.0, use_sigmoid=True)
    assert sigmoid(logits[:, :1], label).item() == pytest.approx(9 / 5 * math.log(2))


def test_what_mmsegs_own_losses_do():
    """When this fails, FCNFocalLoss and FCNLovaszLoss can say less, or go."""
    logits, label = batch()
    with pytest.raises((RuntimeError, ValueError, AssertionError)):
        FocalLoss()(logits, label)
    with pytest.raises(AssertionError):
        LovaszLoss()
    lovasz = LovaszLoss(reduction="none")
    assert lovasz(logits, torch.full_like(label, VOID), ignore_index=VOID).shape == (0, 3)
    label[:] = VOID
    label[0, 0, 0] = 1
    with pytest.raises(IndexError):
        lovasz(logits, label, ignore_index=VOID)


@pytest.mark.parametrize(
    ("head", "said"),
    [
        (
            dict(loss_decode=dict(type="TverskyLoss"), ignore_index=99),
            ("TverskyLoss", "ignore_index=255", "void is 99"),
        ),
        (dict(loss_decode=dict(type="TverskyLoss"), out_channels=1, threshold=0.5), ("TverskyLoss", "FCNDiceLoss")),
        *(
            (dict(loss_decode=dict(type=name, **options), multilabel=True), (name, "one label per pixel"))
            for name, options in (("FCNLovaszLoss", {}), ("FCNBoundaryCrossEntropyLoss", {"use_sigmoid": True}))
        ),
    ],
)
def test_losses_that_do_not_fit_the_head(head, said):
    with refused("config-value", *said):
        build_head("32s", **head)


def test_lovasz_takes_no_sampler():
    head = build_head("32s", loss_decode=dict(type="FCNLovaszLoss"), sampler=dict(type="OHEMPixelSampler", thresh=0.5))
    with refused("config-value", "FCNLovaszLoss", "sampler"):
        head.loss_by_feat(torch.zeros(1, 2, 4, 4), [sample(torch.zeros(4, 4, dtype=torch.long))])


def test_a_width_without_a_band():
    with refused("config-value", "boundary_width is 0"):
        MODELS.build(dict(type="FCNBoundaryCrossEntropyLoss", boundary_width=0))
