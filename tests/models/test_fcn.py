"""What every FCN must do, whatever its streams and geometry: logits of the image's size, in the right place."""

from copy import deepcopy
from functools import partial

import pytest
import torch
import torch.nn.functional as F
from support.builders import (
    FINE,
    STREAMS,
    balance_classes,
    build_dilated,
    build_fcn,
    build_from,
    build_points,
    build_unpool,
    sample,
)
from support.refusals import refused
from torch import nn

from fcn_plugin.layers.bilinear import BilinearUpsample
from fcn_plugin.models.precision import resolve_precision

GEOMETRIES = ("aligned", "reference")
ALL_STREAMS = STREAMS | FINE
VARIANTS = pytest.mark.parametrize("variant", ALL_STREAMS)
SIZES = ((1, 1), (1, 40), (17, 23), (33, 65), (64, 64))
ASPP = dict(type="FCNASPPNeck", in_channels="auto", channels=8, dilations=(1, 2, 4), separable=True, dropout_ratio=0.0)
NO_DROPOUT = {"dropout_ratio": 0.0}
CLASSIC = ["fcn32s_alexnet_voc", "fcn32s_googlenet_voc"]
CLASSIC += ["reference/fcn32s_caffenet_voc", "reference/fcn32s_googlenet_voc"]
NETS = {
    **{
        f"{variant} VGG16{'-BN' if norm else ''}": partial(build_fcn, streams, norm=norm, neck=NO_DROPOUT)
        for variant, streams in STREAMS.items()
        for norm in (None, {"type": "BN"})
    },
    **{f"{variant} VGG16": partial(build_fcn, streams, neck=NO_DROPOUT) for variant, streams in FINE.items()},
    **{name: partial(build_from, name, neck=NO_DROPOUT) for name in CLASSIC},
    "LargeFOV": build_dilated,
    "stride 16 and pool3": partial(build_dilated, 16, ("pool3",)),
    "ASPP and pool2": partial(build_dilated, 8, ("pool2",), neck=ASPP),
    "SegNet": build_unpool,
    "DeconvNet": partial(build_unpool, 8),
    "points": partial(build_points, head=dict(fine=2)),
    # a residual branch that starts at zero passes no gradient on
    "fcn8s_r50_voc": partial(build_from, "fcn8s_r50_voc", neck=NO_DROPOUT, backbone={"zero_init_residual": False}),
}

ALIGNED = ("SegNet", "DeconvNet")  # unpooling needs maps that 2 x 2 windows cover


@pytest.mark.parametrize(
    ("net", "geometry"),
    [(net, g) for net in NETS for g in GEOMETRIES if g == "aligned" or net not in ALIGNED],
    scope="class",  # a net's tests run one after the other
)
class TestContract:
    """Every net in each geometry."""

    @pytest.fixture(scope="class")
    def built(self, net, geometry):
        torch.manual_seed(0)
        return NETS[net](geometry=geometry, num_classes=5)

    @pytest.fixture
    def model(self, built):
        """A copy, which a test may change."""
        return deepcopy(built)

    def test_aligned_crops_nothing(self, model, geometry):
        assert (geometry == "reference") == any(model.decode_head.crops.values())

    def test_logits_have_the_size_of_the_image(self, model):
        for height, width in SIZES:
            for batch in (1, 2):
                image = torch.randn(batch, 3, height, width)
                with torch.no_grad():
                    logits = model(image)
                assert logits.shape == (batch, 5, height, width)
                assert logits.dtype == torch.float32
                assert logits.isfinite().all()

    @pytest.mark.parametrize("size", [(1, 1), (33, 65)])
    def test_training_and_evaluation_give_one_size(self, model, size):
        image = torch.randn(2, 3, *size)
        for mode in (True, False):
            assert model.train(mode)(image).shape == (2, 5, *size)

    def test_no_parameter_idles(self, model):
        model.train()
        loss = model(torch.randn(2, 3, 33, 65), [sample(torch.randint(0, 5, (33, 65))) for _ in range(2)], "loss")
        sum(value for name, value in loss.items() if "loss" in name).backward()
        for name, parameter in model.named_parameters():
            assert parameter.grad is not None, name
            # in front of batch norm a bias has no effect, and its gradient only rounding errors
            assert parameter.grad.any(), name


def test_images_of_a_batch_are_independent():
    model, images = build_fcn(), torch.randn(2, 3, 33, 40)
    with torch.no_grad():
        torch.testing.assert_close(model(images)[1:], model(images[1:]), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("geometry", "size"), [("aligned", (64, 96)), ("reference", (58, 90))])
@VARIANTS
def test_a_mirrored_image_gives_mirrored_logits(variant, geometry, size):
    """With mirror-symmetric kernels, and sizes that every pooling halves: a crop off by a pixel breaks it."""
    model, image = build_fcn(ALL_STREAMS[variant], geometry), torch.randn(1, 3, *size)
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d):
            rows = layer.weight + layer.weight.flip(2)
            layer.weight.data = (rows + rows.flip(3)) / 2
    with torch.no_grad():
        logits, mirrored = model(image), model(image.flip(2, 3)).flip(2, 3)
    assert logits.std() > 0.1
    torch.testing.assert_close(mirrored, logits, rtol=1e-3, atol=1e-4 * logits.abs().max().item())


@pytest.mark.parametrize("geometry", GEOMETRIES)
@VARIANTS
def test_an_image_moved_by_the_stride_moves_the_logits(variant, geometry):
    """A patch on zeros, and no biases: nothing but the patch is seen, and it sees no border."""
    model, patch = build_fcn(ALL_STREAMS[variant], geometry), torch.randn(1, 3, 32, 32)
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.zeros_(layer.bias)
    first, second = torch.zeros(2, 1, 3, 640, 608)
    first[..., 270:302, 260:292] = patch
    second[..., 302:334, 292:324] = patch
    with torch.no_grad():
        first, second = model(first), model(second)
    assert first.std() > 1e-3
    assert first[..., 0].abs().max() == 0
    tolerance = dict(rtol=1e-3, atol=1e-5 * first.abs().max().item())
    torch.testing.assert_close(second[..., 32:, 32:], first[..., :-32, :-32], **tolerance)


@pytest.mark.parametrize(("geometry", "padding"), [("aligned", (0, 12, 0, 31)), ("reference", (99, 99, 99, 99))])
def test_padding_is_zeros_to_the_stride_or_99_pixels(geometry, padding):
    model, image, seen = build_fcn(geometry=geometry), torch.randn(1, 3, 33, 20), []
    model.backbone.register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    with torch.no_grad():
        model(image)
    assert torch.equal(seen[0], F.pad(image, padding))


@VARIANTS
def test_crops_follow_from_the_net(variant):
    crops = {"32s": [19], "16s": [5, 27], "8s": [5, 9, 31], "4s": [5, 9, 17, 33], "2s": [5, 9, 17, 33, 34]}[variant]
    assert list(build_fcn(ALL_STREAMS[variant], "reference").decode_head.crops.values()) == crops


@pytest.mark.parametrize(
    ("config", "upsampling", "uncovered"),
    [
        ("fcn32s_alexnet_voc", [(63, 16)], 1),
        ("fcn32s_googlenet_voc", [(63, 9)], 0),
        ("reference/fcn32s_googlenet_voc", [(63, 1)], 0),
        ("fcn8s_r50_voc", [(3, 1), (3, 1), (15, 7)], 31),
        ("fcn8s_vgg16_voc", [(4, 1), (4, 1), (16, 4)], 0),
    ],
)
def test_upsampling_follows_from_the_net(config, upsampling, uncovered):
    model = build_from(config, "aligned")
    layers = [model.decode_head.get_submodule(name) for name in model.decode_head.factors]
    assert [(layer.kernel_size[0], layer.padding[0]) for layer in layers] == upsampling
    assert model.uncovered == uncovered


def test_an_image_of_whole_strides_that_scores_do_not_cover_is_padded():
    """One pixel of AlexNet's 64 would get no score: 96 are taken. Of 63 none, and 64 are enough."""
    model, seen = build_from("fcn32s_alexnet_voc", "aligned"), []
    model.backbone.register_forward_pre_hook(lambda _, args: seen.append(tuple(args[0].shape[2:])))
    with torch.no_grad():
        for size in ((64, 63), (1, 65)):
            model(torch.zeros(1, 3, *size))
    assert seen == [(96, 64), (64, 96)]


def test_vgg16_at_full_width():
    model = build_fcn(geometry="reference", narrow=False, num_classes=21)
    assert model.decode_head.crops == {"pool4": 5, "pool3": 9, "score": 31}
    assert sum(p.numel() for p in model.backbone.parameters()) == 14_714_688  # the convolutions of VGG16
    with torch.no_grad():
        assert model(torch.randn(1, 3, 9, 30)).shape == (1, 21, 9, 30)


def same_weights(models):
    first, second = models
    second.load_state_dict(first.state_dict())
    return first, second


@VARIANTS
def test_bf16_is_close_to_fp32(variant):
    models = same_weights(build_fcn(ALL_STREAMS[variant], precision=p) for p in ("fp32", "bf16"))
    image = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        full, half = (model(image) for model in models)
    assert half.dtype == torch.float32
    assert not torch.equal(full, half)
    assert (half - full).abs().max() < 0.03 * full.abs().max()


@pytest.mark.parametrize("computes", [True, False])
def test_auto_is_bf16_where_the_device_computes_in_it(monkeypatch, computes):
    models = same_weights(build_fcn(precision=p) for p in ("auto", "bf16" if computes else "fp32"))
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: computes)
    image = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        assert torch.equal(models[0](image), models[1](image))


@pytest.mark.parametrize(("device", "computes"), [("cuda", True), ("cuda", False), ("mps", False)])
def test_bf16_that_is_emulated_or_unknown_does_not_count(monkeypatch, device, computes):
    def is_bf16_supported(including_emulation=True):
        return computes or including_emulation

    monkeypatch.setattr(torch.cuda, "is_bf16_supported", is_bf16_supported)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: True)
    assert resolve_precision("auto", device) == ("bf16" if computes else "fp32")


def test_upsampling_stays_float32_in_bf16():
    model, seen = build_fcn(precision="bf16"), {}
    for name, layer in model.decode_head.named_children():
        if isinstance(layer, BilinearUpsample):
            layer.register_forward_hook(lambda _, args, out, name=name: seen.update({name: out.dtype}))
    with torch.no_grad():
        model(torch.randn(1, 3, 32, 32))
    assert seen == dict.fromkeys(("upscore2", "upscore_pool4", "upscore8"), torch.float32)


def test_memory_layout_changes_no_value():
    models = same_weights(build_fcn(channels_last=flag) for flag in (True, False))
    kernels = [model.backbone.features[3].conv.weight for model in models]
    assert [weight.is_contiguous(memory_format=torch.channels_last) for weight in kernels] == [True, False]
    image = torch.randn(2, 3, 33, 40)
    with torch.no_grad():
        torch.testing.assert_close(models[0](image), models[1](image), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("geometry", GEOMETRIES)
@pytest.mark.parametrize(("child", "parent"), [("16s", "32s"), ("8s", "16s"), ("4s", "8s"), ("2s", "4s")])
def test_a_finer_net_starts_as_its_parent(child, parent, geometry):
    """Its new score is zero: only upsampling in two steps instead of one tells them apart."""
    parent_net, net = (build_fcn(ALL_STREAMS[name], geometry, num_classes=5) for name in (parent, child))
    image = torch.randn(1, 3, 128, 128)
    balance_classes(parent_net, image)
    net.decode_head.init_weights()
    new = ALL_STREAMS[child][-1]
    found = net.load_state_dict(parent_net.state_dict(), strict=False)
    assert found.missing_keys == [f"decode_head.score_{new}.weight", f"decode_head.score_{new}.bias"]
    assert found.unexpected_keys == []
    with torch.no_grad():
        expected, logits = parent_net(image), net(image)
    assert expected.argmax(1).unique().numel() > 2
    assert (logits - expected).abs().mean() < 0.15 * expected.std()
    assert (logits.argmax(1) == expected.argmax(1)).float().mean() > 0.9


def test_only_the_record_of_preprocessing_is_optional():
    model = build_fcn()
    state = {key: tensor for key, tensor in model.state_dict().items() if key not in model.OPTIONAL_KEYS}
    assert len(state) == len(model.state_dict()) - 1
    assert model.assumptions(model.state_dict()) == []
    (assumption,) = model.assumptions(state)
    assert "RGB, mean (123.675, 116.28, 103.53)" in assumption


def test_prediction_is_the_class_of_the_highest_logit():
    model, image = build_fcn(num_classes=5), torch.randn(1, 3, 33, 40)
    balance_classes(model, image)
    with torch.no_grad():
        (result,) = model(image, [sample(torch.zeros(33, 40), ori_shape=(33, 40), img_shape=(33, 40))], mode="predict")
        expected = model(image)
    assert expected.argmax(1).unique().numel() > 2
    assert torch.equal(result.pred_sem_seg.data, expected.argmax(1))


@pytest.mark.parametrize(
    ("options", "code", "named"),
    [
        ({"geometry": "centred"}, "config-value", ("model.geometry 'centred'", "aligned, reference")),
        ({"fc": "learned"}, "config-value", ("model.fc 'learned'", "copy, subsample, random")),
        ({"precision": "int8"}, "config-value", ("precision 'int8'", "fp32, bf16, fp16, auto")),
        ({"num_classes": None}, "config-value", ("model.decode_head.num_classes",)),
        ({"head": {"in_channels": {"fr": 16}}}, "config-value", ("in_channels.fr is 16", "returns 8", "fc_channels")),
        ({"head": {"in_channels": {"pool4": 16}}}, "config-value", ("in_channels.pool4 is 16", "returns 32")),
        ({"neck": {"in_channels": (16, 32, 64)}}, "config-value", ("compare in_channels",)),
        ({"head": {"strides": {"pool4": 8, "pool3": 4}}}, "geometry", ("'pool4' has stride 16", "strides has 8")),
    ],
)
def test_what_does_not_fit_is_refused(options, code, named):
    with refused(code, *named):
        build_fcn(**options)
