"""The parts of the modern recipe on narrow nets: hard pixels, Dice, padded batches, the warm-up of the flat configs.

Losses are compared with plain transcriptions of their definitions, loops over pixels and classes.
"""

import math
import warnings

import pytest
import torch
from mmengine.optim import OptimWrapper
from mmseg.models.losses import DiceLoss
from mmseg.registry import PARAM_SCHEDULERS
from support.builders import build_fcn, build_head, sample
from support.refusals import refused
from torch import nn

from fcn_plugin.configs import get_config
from fcn_plugin.models.losses import FCNCrossEntropyLoss, FCNDiceLoss

CE, DICE = {"type": "FCNCrossEntropyLoss"}, {"type": "FCNDiceLoss"}
HARD = {"type": "OHEMPixelSampler", "thresh": 0.7, "min_kept": 6}
HARDEST = {"type": "OHEMPixelSampler", "min_kept": 6}
OPTIONS = {
    "hard pixels": {"sampler": HARD},
    "hardest pixels": {"sampler": HARDEST},
    "Dice": {"loss_decode": [CE, DICE]},
    "both": {"sampler": HARD, "loss_decode": [CE, DICE]},
}
VOID = 255


def half_void(classes=3, batch=2, height=4, width=6):
    """Random (batch, classes, height, width) logits and labels whose right half is void."""
    label = torch.randint(0, classes, (batch, height, width))
    label[..., width // 2 :] = VOID
    return 2 * torch.randn(batch, classes, height, width), label


def losses_of(head, logits, label):
    return head.loss_by_feat(logits, [sample(one) for one in label])


def hard_pixel_loss(logits, label, thresh, kept):
    """The loss of pixels whose class has less than max(thresh, the (kept + 1)-th least probability), over all labelled ones."""
    labelled = torch.argwhere(label != VOID).tolist()
    probabilities = [logits[n, :, y, x].softmax(0)[label[n, y, x]] for n, y, x in labelled]
    limit = max(sorted(probabilities)[min(kept, len(probabilities) - 1)], thresh)
    return sum(-p.log() for p in probabilities if p < limit) / len(probabilities)


def dice(logits, label, naive=False, chosen=None, eps=1e-3):
    """1 - 2 sum(p t) / (sum(p^2) + sum(t^2)) for each class that occurs, and their mean; void is not there at all."""
    counted = label != VOID if chosen is None else (label != VOID) & chosen
    p = logits.softmax(1).movedim(1, 0)[:, counted]  # (C, labelled pixels)
    ratios = []
    for c in label[counted].unique().tolist():
        t = (label[counted] == c).float()
        if naive:
            ratios.append((2 * (p[c] * t).sum() + eps) / (p[c].sum() + t.sum() + eps))
        else:
            ratios.append(2 * (p[c] * t).sum() / ((p[c] ** 2).sum() + (t**2).sum() + 2 * eps))
    return 1 - sum(ratios) / len(ratios)


@pytest.mark.parametrize("name", OPTIONS)
def test_one_step_trains_every_score(name):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = build_fcn(head=OPTIONS[name]).train()
    before = {key: value.clone() for key, value in model.named_parameters()}
    _, label = half_void(height=40, width=50)
    images = [torch.randint(0, 256, (3, 40, 50), dtype=torch.uint8) for _ in label]
    data = {"inputs": images, "data_samples": [sample(mask) for mask in label]}
    logged = model.train_step(data, OptimWrapper(torch.optim.SGD(model.parameters(), lr=0.01)))
    terms = {"decode.loss_ce", "decode.loss_dice"} if "loss_decode" in OPTIONS[name] else {"decode.loss_ce"}
    assert {key for key in logged if "loss_" in key} == terms
    assert logged["loss"].item() == pytest.approx(sum(logged[key].item() for key in terms), rel=1e-5)
    for key, value in model.named_parameters():
        assert value.isfinite().all(), key
        if "score" in key:
            assert not torch.equal(value, before[key]), key


@pytest.mark.parametrize("name", OPTIONS)
def test_void_pixels_get_no_gradient_and_only_void_gives_zero(name):
    head, (logits, label) = build_head("32s", num_classes=3, **OPTIONS[name]), half_void()
    for mask in (label, torch.full_like(label, VOID)):
        scores = logits.clone().requires_grad_()
        total = sum(value for key, value in losses_of(head, scores, mask).items() if "loss" in key)
        total.backward()
        assert (scores.grad[mask[:, None].expand_as(scores) == VOID] == 0).all()
        assert (mask == VOID).all() == (total.item() == 0) == (not scores.grad.any())


class TestHardPixels:
    """mmseg's OHEMPixelSampler with our head and loss."""

    @pytest.mark.parametrize(("thresh", "kept"), [(0.3, 3), (0.7, 3), (0.3, 1000)])
    def test_below_the_threshold_or_among_the_least(self, thresh, kept):
        logits, label = half_void(classes=2, batch=1)
        head = build_head("32s", sampler={"type": "OHEMPixelSampler", "thresh": thresh, "min_kept": kept})
        expected = hard_pixel_loss(logits, label, thresh, kept)
        torch.testing.assert_close(losses_of(head, logits, label)["loss_ce"], expected)

    def test_the_number_kept_is_that_of_each_image(self):
        logits, label = half_void(batch=3)
        head = build_head("32s", num_classes=3, sampler={"type": "OHEMPixelSampler", "thresh": 0.01, "min_kept": 4})
        expected = hard_pixel_loss(logits, label, 0.01, 12)
        torch.testing.assert_close(losses_of(head, logits, label)["loss_ce"], expected)

    @pytest.mark.parametrize(("thresh", "chosen"), [(0.7, True), (0.3, False)])
    def test_a_new_head_needs_a_threshold_above_one_in_c(self, thresh, chosen):
        """All probabilities are 1/3 then, and none lies below the least: mmseg's comparison is strict."""
        head = build_head("32s", num_classes=3, sampler={**HARD, "thresh": thresh})
        loss = losses_of(head, torch.zeros(2, 3, 4, 6), half_void()[1])["loss_ce"]
        assert loss.item() == pytest.approx(math.log(3) if chosen else 0)

    @pytest.mark.parametrize("class_weight", [None, [1.0, 5.0, 2.0]])
    def test_without_threshold_the_largest_losses_count(self, class_weight):
        logits, label = half_void(batch=1)
        loss = {**CE, "class_weight": class_weight}
        head = build_head("32s", num_classes=3, sampler={**HARDEST, "min_kept": 4}, loss_decode=loss)
        factors = torch.tensor(class_weight or [1.0, 1.0, 1.0])
        logs, labelled = logits[0].log_softmax(0), torch.argwhere(label[0] != VOID).tolist()
        each = [-factors[label[0, y, x]] * logs[label[0, y, x], y, x] for y, x in labelled]
        expected = sum(sorted(each)[-4:]) / factors[label[label != VOID]].sum()
        torch.testing.assert_close(losses_of(head, logits, label)["loss_ce"], expected)

    def test_a_loss_of_each_pixel_is_0_at_void(self):
        logits, label = half_void()
        each = FCNCrossEntropyLoss(loss_weight=2.0)(logits, label, reduction_override="none")
        assert each.shape == label.shape
        assert (each[label == VOID] == 0).all()
        mean = each[label != VOID].mean()
        torch.testing.assert_close(mean, FCNCrossEntropyLoss(loss_weight=2.0)(logits, label))


class TestDice:
    """FCNDiceLoss, and why it is not mmseg's own."""

    @pytest.mark.parametrize("naive", [False, True])
    def test_void_is_left_out(self, naive):
        logits, label = half_void()
        torch.testing.assert_close(FCNDiceLoss(naive_dice=naive)(logits, label), dice(logits, label, naive))

    @pytest.mark.parametrize("naive", [False, True])
    def test_by_hand(self, naive):
        """Two pixels, one of each class, scored 1/2 : 1/2 throughout; a third is void, a third class is nowhere."""
        logits = torch.tensor([0.0, 0.0, -100.0]).reshape(1, 3, 1, 1).expand(1, 3, 1, 3)
        loss = FCNDiceLoss(naive_dice=naive, eps=1e-6)(logits, torch.tensor([[[0, 1, VOID]]]))
        # 2 * 1/2 / (2 * 1/4 + 1), or 2 * 1/2 / (2 * 1/2 + 1)
        assert loss.item() == pytest.approx(1 / 2 if naive else 1 / 3, rel=1e-4)

    def test_another_void_id(self):
        logits, label = half_void()
        other = label.where(label != VOID, -1)
        torch.testing.assert_close(FCNDiceLoss()(logits, other, ignore_index=-1), dice(logits, label))

    def test_pixels_of_a_sampler(self):
        logits, label = half_void()
        chosen = torch.rand(label.shape) < 0.5
        loss = FCNDiceLoss(loss_weight=3.0)(logits, label, weight=chosen.float())
        torch.testing.assert_close(loss, 3 * dice(logits, label, chosen=chosen))

    @pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
    def test_half_precision_logits_are_summed_in_float32(self, dtype):
        logits, label = half_void(height=40, width=60)
        loss = FCNDiceLoss()(logits.to(dtype), label)
        assert loss.dtype == torch.float32
        torch.testing.assert_close(loss, dice(logits.to(dtype).float(), label))

    def test_it_has_no_loss_per_pixel_to_rank(self):
        logits, label = half_void()
        head = build_head("32s", num_classes=3, sampler=HARDEST, loss_decode=[CE, DICE])
        with refused("config-value", "Dice", "decode_head.sampler.thresh"):
            losses_of(head, logits, label)

    def test_mmsegs_own_still_needs_the_replacement(self):
        """When this fails, FCNDiceLoss may go."""
        logits, label = half_void()
        stock = DiceLoss(use_sigmoid=False)
        assert not torch.isclose(stock(logits, label), stock(logits[..., :3], label[..., :3]))
        with pytest.raises(AssertionError):
            stock(logits, label, weight=torch.ones(label.shape))


def test_padding_of_a_batch_counts_in_no_loss():
    """Both images fill the net's 64 x 64 with zeros, alone and together: only the void labels of the padding differ."""
    model = build_fcn()
    images = [torch.randint(0, 256, (3, *size), dtype=torch.uint8) for size in ((64, 64), (40, 50))]
    labels = [torch.randint(0, 3, image.shape[1:]) for image in images]
    labels[0][:20] = VOID

    def loss_and_gradient(*which):
        batch = {"inputs": [images[i] for i in which], "data_samples": [sample(labels[i]) for i in which]}
        data = model.data_preprocessor(batch, training=True)
        model.zero_grad()
        loss = model(**data, mode="loss")["decode.loss_ce"]
        loss.backward()
        return data["inputs"].shape, loss.detach(), model.decode_head.score_fr.weight.grad.clone()

    pixels = [(label != VOID).sum() for label in labels]
    shape, loss, gradient = loss_and_gradient(0, 1)
    _, *first = loss_and_gradient(0)
    _, *second = loss_and_gradient(1)
    assert shape == (2, 3, 64, 64)
    assert pixels[0] != pixels[1]
    for both, one, other in zip((loss, gradient), first, second, strict=True):
        expected = (pixels[0] * one + pixels[1] * other) / sum(pixels)
        torch.testing.assert_close(both, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("name", "rate"), [("fcn16s_vgg16_voc", 0.001), ("fcn32s_googlenet_voc", 0.01)])
def test_the_rate_warms_up_and_decays(name, rate):
    cfg = get_config(name)
    steps, warmup = cfg.train_cfg.max_iters, cfg.param_scheduler[0].end
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=cfg.optim_wrapper.optimizer.lr)
    schedulers = [PARAM_SCHEDULERS.build({**one, "optimizer": optimizer}) for one in cfg.param_scheduler]
    rates = []
    for _ in range(steps):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        for scheduler in schedulers:
            scheduler.step()
    assert rates[0] == pytest.approx(rate / 10)
    assert rates[warmup] == max(rates) == pytest.approx(rate, rel=1e-3)
    middle = (warmup + steps) // 2
    assert rates[middle] == pytest.approx((rate - 1e-4) * 0.5**0.9 + 1e-4, rel=1e-2)
    assert 1e-4 <= rates[-1] < 1.01e-4
    assert rates[:warmup] == sorted(rates[:warmup])
    assert rates[warmup:] == sorted(rates[warmup:], reverse=True)
