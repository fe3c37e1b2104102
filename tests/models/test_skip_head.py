"""The head of FCN-32s, 16s and 8s: names, crops, the place and the sum of the scores, refusals."""

import math

import pytest
import torch
from mmengine.model import BaseModel
from support.builders import MAPS, STREAMS, STRIDES, build_fcn, build_head, sample, wake_scores, zero_streams
from support.refusals import refused
from torch import nn

from fcn_plugin.layers.bilinear import BilinearUpsample
from fcn_plugin.layers.coord_map import CoordMap
from fcn_plugin.models import label_maps
from fcn_plugin.models.skip_head import FCNSkipHead

UPSCORES = {
    "32s": {"upscore": 32},
    "16s": {"upscore2": 2, "upscore16": 16},
    "8s": {"upscore2": 2, "upscore_pool4": 2, "upscore8": 8},
}
CROPS = {"32s": {"score": 19}, "16s": {"pool4": 5, "score": 27}, "8s": {"pool4": 5, "pool3": 9, "score": 31}}


@pytest.mark.parametrize("variant", STREAMS)
def test_layers_are_named_as_in_the_authors_nets_and_crop_as_theirs(variant):
    layers = dict(build_head(variant).named_children())
    scores = [name for name, layer in layers.items() if isinstance(layer, nn.Conv2d)]
    assert scores == [f"score_{stream}" for stream in STREAMS[variant]]
    strides = {name: layer.stride[0] for name, layer in layers.items() if isinstance(layer, nn.ConvTranspose2d)}
    assert strides == UPSCORES[variant]
    assert all(layers[name].kernel_size == (2 * stride, 2 * stride) for name, stride in strides.items())
    assert build_head(variant, "reference").crops == CROPS[variant]
    assert build_head(variant, "aligned").crops == dict.fromkeys(CROPS[variant], 0)


LOGITS = torch.tensor([[3.0, 0.0, 3.0, 0.0], [0.0, 3.0, 0.0, 3.0]]).reshape(1, 2, 1, 4)


def test_what_the_head_declares_of_its_tensors():
    """Class-dependent are exactly the tensors whose shape changes with the number of classes."""
    three, five = (build_fcn(num_classes=n, head={"upsample": {"learnable": True}}).state_dict() for n in (3, 5))
    changed = {key for key in three if three[key].shape != five[key].shape}
    assert {key for key in three if FCNSkipHead.class_dependent(key)} == changed
    assert {key for key in three if FCNSkipHead.may_be_new(key)} == changed
    upsampling = {f"decode_head.{name}.weight" for name in ("upscore2", "upscore_pool4", "upscore8")}
    assert {key for key in three if FCNSkipHead.is_upsampling(key)} == upsampling
    assert [FCNSkipHead.count_classes(state) for state in (three, five)] == [3, 5]
    assert FCNSkipHead.count_classes({"decode_head.upscore.weight": torch.zeros(3, 1, 4, 4)}) is None


def test_a_new_head_has_no_opinion():
    head = build_head("8s")
    wake_scores(head)
    head.init_weights()
    assert sorted(name for name, _ in head.named_parameters()) == sorted(
        f"score_{stream}.{kind}" for stream in STREAMS["8s"] for kind in ("weight", "bias")
    )
    assert all((p == 0).all() for p in head.parameters())


@pytest.mark.parametrize("geometry", MAPS)
def test_every_stream_lands_where_it_lies_on_the_image(geometry):
    """One lit pixel of a stream: the centre of mass of its scores is that pixel's place on the image."""
    head, size = build_head("8s", geometry), 154
    for name in head.streams:
        nn.init.ones_(getattr(head, f"score_{name}").weight)
    for stream, grid in enumerate(MAPS[geometry]):
        streams = zero_streams(geometry, size)
        row, column = (round((place - float(grid.shift)) / float(grid.scale)) for place in (70, 90))
        streams[stream][..., row, column] = 1
        score = head(streams).detach()[0, 0].double()
        axis = torch.arange(size).double()
        centre = [float((score.sum(1 - dim) * axis).sum() / score.sum()) for dim in (0, 1)]
        assert centre == pytest.approx([float(grid.scale * i + grid.shift) for i in (row, column)], abs=1e-3)


@pytest.mark.parametrize("geometry", MAPS)
@pytest.mark.parametrize("variant", STREAMS)
def test_scores_add_up(variant, geometry):
    head, size = build_head(variant, geometry, num_classes=3), 154
    biases = {"fr": [1.0, 20.0, 300.0], "pool4": [0.5, 0.0, -1.0], "pool3": [4.0, -8.0, 16.0]}
    for name in head.streams:
        getattr(head, f"score_{name}").bias.data = torch.tensor(biases[name])
    logits = head(zero_streams(geometry, size))
    assert logits.shape == (1, 3, size, size)
    expected = torch.tensor([biases[name] for name in head.streams]).sum(0)
    # more than a cell from the border, where the kernels reach beyond the coarsest scores
    inside = slice(48, -48)
    expected = expected[:, None, None].expand(3, size - 96, size - 96)
    torch.testing.assert_close(logits[0, :, inside, inside], expected, rtol=1e-5, atol=1e-5)


def test_logits_stay_float32_for_half_precision_streams():
    head = build_head("8s").bfloat16()
    for module in head.modules():
        if isinstance(module, BilinearUpsample):
            module.float()
    *streams, size = zero_streams("aligned", 32)
    assert head([*(s.bfloat16() for s in streams), size]).dtype == torch.float32


def test_losses_and_accuracy_by_hand():
    head = build_head("32s", loss_decode=[{"type": "FCNCrossEntropyLoss", "loss_weight": w} for w in (1.0, 2.0)])
    losses = head.loss_by_feat(LOGITS, [sample(torch.tensor([[0, 1, 1, 255]]))])
    right, wrong = math.log(1 + math.exp(-3)), math.log(1 + math.exp(3))
    assert losses["loss_ce"].item() == pytest.approx(3 * (2 * right + wrong) / 3, rel=1e-5)
    assert losses["acc_seg"].item() == pytest.approx(200 / 3)


def test_a_summed_loss_is_logged_per_pixel_as_well():
    head = build_head("32s", loss_decode={"type": "FCNCrossEntropyLoss", "reduction": "sum"})
    losses = head.loss_by_feat(LOGITS.clone().requires_grad_(), [sample(torch.tensor([[0, 1, 1, 255]]))])
    total = 2 * math.log(1 + math.exp(-3)) + math.log(1 + math.exp(3))
    assert losses["loss_ce"].item() == pytest.approx(total, rel=1e-5)
    assert losses["ce_per_pixel"].item() == pytest.approx(total / 3, rel=1e-5)
    assert not losses["ce_per_pixel"].requires_grad
    _, logged = BaseModel.parse_losses(head, losses)
    assert logged["loss"].item() == pytest.approx(total, rel=1e-5)  # the engine adds up whatever is called a loss


def test_a_pixel_sampler_chooses_what_counts():
    head = build_head("32s", sampler={"type": "OHEMPixelSampler", "thresh": 0.5, "min_kept": 2})
    logits = torch.tensor([[3.0, 1.0, 3.0], [0.0, 3.0, 0.0]]).reshape(1, 2, 1, 3)
    loss = head.loss_by_feat(logits, [sample(torch.tensor([[0, 0, 1]]))])["loss_ce"]
    # the two pixels whose class has less than half of the probability, over all three
    assert loss.item() == pytest.approx((math.log(1 + math.exp(2)) + math.log(1 + math.exp(3))) / 3, rel=1e-5)


def test_a_label_of_another_size_is_refused():
    one = sample(torch.zeros(4, 5, dtype=torch.long), img_path="photo7.jpg")
    with refused("mask-size", "photo7.jpg", "(4, 5)", "(4, 6)"):
        build_head("32s").loss_by_feat(torch.zeros(1, 2, 4, 6), [one])


def test_stray_ids_are_refused():
    label = torch.tensor([[0, 1, 7, 7], [255, 2, 7, 0]])
    samples = [sample(torch.zeros_like(label), seg_map_path="good.png"), sample(label, seg_map_path="mask7.png")]
    with refused("mask-ids", "mask7.png: id 2 (1 px), id 7 (3 px) outside the classes 0..1"):
        build_head("32s").loss_by_feat(torch.zeros(2, 2, 2, 4), samples)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_scores_that_are_not_finite_are_refused(value):
    head = build_head("32s")
    head.score_fr.bias.data[0] = value
    with refused("scores-nan", "photo7.jpg", "lower the learning rate"):
        head.predict(zero_streams("aligned", 32), [{"img_path": "photo7.jpg"}], {})


def test_predict_gives_the_forward_logits():
    head = build_head("16s")
    wake_scores(head)
    *streams, size = zero_streams("aligned", 64)
    inputs = [*(torch.randn_like(s) for s in streams), size]
    assert torch.equal(head.predict(inputs, [{}], {}), head(inputs))


def test_what_does_not_fit_is_refused():
    for pool4 in (12, 32, 64):
        with refused("config-value", f"strides (32, {pool4})"):
            build_head("16s", strides={**STRIDES, "pool4": pool4})
    for streams in ((), ("fr", "pool2")):
        with refused("config-value", f"streams {streams}", "in_channels has ('fr',)"):
            FCNSkipHead(streams, {"fr": 1}, {"fr": 32}, num_classes=3)
    with refused("config-key", "upsample has no bicubic"):
        build_head(upsample={"bicubic": True})
    with refused("geometry", "'pool4' has stride 8", "strides has 16"):
        build_head("16s").align([MAPS["aligned"][0], MAPS["aligned"][2]], CoordMap())
    with refused("geometry", "(64, 64)"):  # an unpadded image is too small for the crop
        build_head("32s", "reference")([torch.zeros(1, 1, 1, 1), (64, 64)])


@pytest.mark.parametrize("strip", [1, 3000, 1 << 20])
@pytest.mark.parametrize("geometry", MAPS)
@pytest.mark.parametrize("variant", STREAMS)
def test_a_label_map_is_the_class_of_the_largest_logit(variant, geometry, strip, monkeypatch):
    """In strips of a row, of some rows, and at once; the logits themselves are not made."""
    monkeypatch.setitem(label_maps.STRIP_BYTES, "cpu", strip)
    head, size = build_head(variant, geometry, num_classes=3), (75, 61)
    wake_scores(head)
    streams = [torch.randn_like(stream) for stream in zero_streams(geometry, 75)[:-1]]
    with torch.no_grad():
        fused = head.fuse_scores([*streams, size])
        fused -= fused.mean((0, 2, 3), keepdim=True)  # each class wins somewhere
        labels, logits = label_maps.label_map(head, fused, size), head.upsample_scores(fused, size)
    assert labels.shape == (1, *size)
    assert labels.dtype == torch.int64
    assert labels.unique().numel() > 1
    assert torch.equal(labels, logits.argmax(1))
