"""The loss in strips is the loss of the full-resolution logits: values, gradients, log, errors; and when it is used."""

import pytest
import torch
from support.builders import MAPS, STREAMS, build_head, sample, wake_scores, zero_streams
from support.refusals import refused
from torch.autograd import gradcheck

from fcn_plugin.models import skip_head
from fcn_plugin.models.losses import strips
from fcn_plugin.models.losses.strips import StripCrossEntropy
from fcn_plugin.models.skip_head import FCNSkipHead

SIZE = (70, 53)  # no multiple of a stride


def loss(**kwargs):
    return dict(type="FCNCrossEntropyLoss", **kwargs)


def case(variant="8s", geometry="aligned", terms=None, void=255, num_classes=4, **kwargs):
    """(head, streams that want gradients, samples of two images with a tenth of void)."""
    torch.manual_seed(0)
    head = build_head(variant, geometry, num_classes, loss_decode=terms or loss(), ignore_index=void, **kwargs)
    wake_scores(head)
    *maps, _ = zero_streams(geometry, 70)
    streams = [torch.randn(2, *m.shape[1:]).requires_grad_() for m in maps[: len(STREAMS[variant])]]
    labels = torch.randint(0, 4, (2, *SIZE))
    labels[torch.rand(labels.shape) < 0.1] = void
    return head, [*streams, SIZE], [sample(label) for label in labels]


def results(head, inputs, samples):
    """(losses, gradients of the streams and of the scores' weights)."""
    losses = head.loss(inputs, samples, {})
    wanted = [*inputs[:-1], *head.parameters()]
    return losses, torch.autograd.grad(sum(value for name, value in losses.items() if "loss" in name), wanted)


@pytest.fixture
def used(monkeypatch):
    """One entry for each loss that was computed in strips."""
    calls, real = [], skip_head.strip_losses
    monkeypatch.setattr(skip_head, "strip_losses", lambda *args: calls.append(1) or real(*args))
    return calls


def both(monkeypatch, *given):
    """The results in strips and of the full logits."""
    found = results(*given)
    with monkeypatch.context() as patch:
        patch.setattr(skip_head, "fits_strips", lambda *args: False)
        return found, results(*given)


@pytest.mark.parametrize("geometry", MAPS)
@pytest.mark.parametrize("variant", STREAMS)
def test_every_variant_and_geometry(monkeypatch, used, variant, geometry):
    monkeypatch.setattr(strips, "STRIP_BYTES", 9 * 4 * 2 * 4 * SIZE[1])  # 9 rows, which do not divide the image
    found, expected = both(monkeypatch, *case(variant, geometry))
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
    assert used == [1] and found[0].keys() == expected[0].keys() == {"loss_ce", "acc_seg"}
    assert 0 < found[0]["acc_seg"] < 100


@pytest.mark.parametrize("strip", [1, 1 << 30])
@pytest.mark.parametrize(
    ("options", "void"),
    [
        (dict(reduction="sum"), 255),
        (dict(class_weight=[1.0, 0.5, 0.0, 3.0]), 255),
        (dict(reduction="sum", class_weight=[1.0, 0.5, 2.0, 3.0], loss_weight=0.3, loss_name="loss_own"), 255),
        (dict(), -1),
        (dict(), 2),
    ],
)
def test_options_of_the_loss(monkeypatch, used, options, void, strip):
    monkeypatch.setattr(strips, "STRIP_BYTES", strip)
    found, expected = both(monkeypatch, *case("16s", terms=loss(**options), void=void))
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-3 if options.get("reduction") else 1e-5)
    assert used == [1]


def test_float64_agrees_to_its_digits(monkeypatch, used):
    head, inputs, samples = case("32s")
    # not to more: the layer's kernels are stored in float32
    doubles = [*(stream.detach().double().requires_grad_() for stream in inputs[:-1]), SIZE]
    found, expected = both(monkeypatch, head.double(), doubles, samples)
    torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-9)
    assert used == [1]


def test_a_new_net_counts_the_first_class(monkeypatch):
    """All of its logits are 0."""
    head, inputs, samples = case()
    head.init_weights()
    found, expected = both(monkeypatch, head, inputs, samples)
    assert found[0]["acc_seg"] == expected[0]["acc_seg"] > 0


def test_large_scores(monkeypatch):
    """log(4) is lost if it is added to scores of a million."""
    head, inputs, samples = case("32s")
    head.init_weights()
    torch.nn.init.constant_(head.score_fr.bias, 1e6)
    found, expected = both(monkeypatch, head, inputs, samples)
    torch.testing.assert_close(found[0], expected[0])


def test_only_void(monkeypatch):
    head, inputs, samples = case("32s")
    for one in samples:
        one.gt_sem_seg.data.fill_(255)
    losses, gradients = results(head, inputs, samples)
    assert losses["loss_ce"] == losses["acc_seg"] == 0
    assert all((gradient == 0).all() for gradient in gradients)


def test_gradient_by_differences(monkeypatch):
    monkeypatch.setattr(strips, "STRIP_BYTES", 1)
    layer, label = build_head("8s").upscore8, torch.tensor([[[0, 1, 2, 255, 0]] * 4])
    rows, columns = layer.axis_matrix(2, 3, 7), layer.axis_matrix(2, 0, 5)
    scores, factors = torch.randn(1, 3, 2, 2, dtype=torch.float64, requires_grad=True), torch.tensor([1.0, 0.5, 2.0])

    def total(scores):
        return StripCrossEntropy.apply(scores, rows, columns, label, factors.double(), 255)[0]

    assert gradcheck(total, [scores])


class Sharper(FCNSkipHead):
    """A head that changes its logits."""

    def refine(self, logits, inputs, top=0):
        return 2 * logits


@pytest.mark.parametrize(
    "kwargs",
    [
        dict(terms=[loss(), dict(type="FCNDiceLoss", loss_name="loss_dice")]),
        dict(terms=dict(type="FCNFocalLoss")),
        dict(terms=dict(type="FCNBoundaryCrossEntropyLoss")),
        dict(upsample=dict(learnable=True)),
        dict(sampler=dict(type="OHEMPixelSampler", thresh=0.7, min_kept=10)),
    ],
    ids=str,
)
def test_other_losses_read_full_logits(used, kwargs):
    head, inputs, samples = case("32s", **kwargs)
    head.loss(inputs, samples, {})
    assert used == []


def test_a_head_that_changes_its_logits(used):
    head, inputs, samples = case("32s")
    head.__class__ = Sharper
    head.loss(inputs, samples, {})
    assert used == []


def test_a_single_channel_is_a_pair(used):
    head, inputs, samples = case("32s", num_classes=1)
    for one in samples:
        one.gt_sem_seg.data.clamp_(max=0)
    assert head.loss(inputs, samples, {})["loss_ce"] > 0
    assert used == []


@pytest.mark.parametrize("count", [3, 5])
def test_class_weights_of_another_number(count):
    head, inputs, samples = case("32s", terms=loss(class_weight=[1.0] * count))
    for one in samples:
        one.gt_sem_seg.data.clamp_(max=2)
    with pytest.raises(RuntimeError, match="weight"):
        head.loss(inputs, samples, {})


def test_errors_name_the_masks(used):
    head, inputs, samples = case("32s")
    with refused("mask-size", "(70, 53)"):
        head.loss([*inputs[:-1], (64, 53)], samples, {})
    samples[0].gt_sem_seg.data[0, 0, 0] = 77
    with refused("mask-ids", "id 77"):
        head.loss(inputs, samples, {})
    assert used == [1, 1]
