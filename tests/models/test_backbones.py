"""AlexNet and GoogLeNet: against torchvision's nets, and against plain transcriptions of the BVLC definitions."""

import logging
import warnings
from fractions import Fraction

import pytest
import torch
import torch.nn.functional as F
from mmseg.registry import MODELS
from support.reference_nets import caffenet_pools, lrn
from support.refusals import refused
from torch import nn
from torchvision.models import alexnet
from torchvision.models.googlenet import GoogLeNet as TorchvisionGoogLeNet

from fcn_plugin.layers.coord_map import CoordMap
from fcn_plugin.layers.trace import trace_coord_maps
from fcn_plugin.models.backbones.alexnet import AlexNet, CaffeLRN
from fcn_plugin.models.backbones.googlenet import GoogLeNet
from fcn_plugin.weights.formats import caffe_names

STYLES = [(AlexNet, "caffenet"), (AlexNet, "torchvision"), (GoogLeNet, "torchvision"), (GoogLeNet, "caffe")]
EVERY = pytest.mark.parametrize(("net", "style"), STYLES, ids=[f"{net.__name__}-{style}" for net, style in STYLES])
ALL = (0, 1, 2)


def build(net, style, out_indices=ALL):
    """The backbone with initialised weights, random biases and random statistics, in evaluation mode."""
    one = MODELS.build({"type": net.__name__, "style": style, "out_indices": out_indices})
    initialise(one)
    return stir(one).eval()


def initialise(module):
    """Call init_weights without its log, a line per tensor."""
    logging.disable(logging.INFO)
    module.init_weights()
    logging.disable(logging.NOTSET)


def stir(module):
    """Fill what starts as zeros and ones, so that a wrong place or a lost term shows."""
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d) and layer.bias is not None:
            nn.init.normal_(layer.bias)
        if isinstance(layer, nn.BatchNorm2d):
            for tensor in (layer.weight, layer.running_var):
                nn.init.uniform_(tensor, 0.5, 1.5)
            for tensor in (layer.bias, layer.running_mean):
                nn.init.normal_(tensor, std=0.1)
    return module


def picture(*size, batch=1):
    """So bright that normalisation changes the activations; it hardly does where they are of order 1."""
    return 300 * torch.randn(batch, 3, *size)


def assert_same(ours, plain, tolerance=1e-5):
    assert len(ours) == len(plain)
    for one, other in zip(ours, plain, strict=True):
        assert one.shape == other.shape
        assert other.abs().max() > 0
        assert (one - other).abs().max() <= tolerance * other.abs().max()


def pool(x, kernel=3, stride=2, padding=0):
    return F.max_pool2d(x, kernel, stride, padding, ceil_mode=True)


def plain_caffenet(net, x, lrn=lrn):
    """The published definition from conv1 to pool5, with the weights of ``net``."""
    return caffenet_pools(net.state_dict(), x, pad=2, lrn=lrn)


def plain_googlenet(net, x, lrn=lrn):
    """The published definition from conv1 to inception_5b, under its own layer names, with the weights of ``net``."""
    state, names = net.state_dict(), caffe_names()

    def conv_relu(name, x, pad=0, stride=1):
        return F.relu(F.conv2d(x, state[f"{names[name]}.weight"], state[f"{names[name]}.bias"], stride, pad))

    def inception(block, x):
        here = f"inception_{block}"
        one = conv_relu(f"{here}/1x1", x)
        three = conv_relu(f"{here}/3x3", conv_relu(f"{here}/3x3_reduce", x), pad=1)
        five = conv_relu(f"{here}/5x5", conv_relu(f"{here}/5x5_reduce", x), pad=2)
        pooled = conv_relu(f"{here}/pool_proj", pool(x, stride=1, padding=1))
        return torch.cat([one, three, five, pooled], dim=1)

    x = lrn(pool(conv_relu("conv1/7x7_s2", x, pad=3, stride=2)))
    x = conv_relu("conv2/3x3", conv_relu("conv2/3x3_reduce", x), pad=1)
    x = pool(lrn(x))
    maps = []
    for stage in (("3a", "3b"), ("4a", "4b", "4c", "4d", "4e"), ("5a", "5b")):
        x = pool(x) if maps else x
        for block in stage:
            x = inception(block, x)
        maps.append(x)
    return tuple(maps)


def test_normalisation_by_hand():
    x = torch.tensor([100.0, 200, 0, 300, 400, 500]).reshape(1, 6, 1, 1)
    # squares of channels c - 2 .. c + 2 add up to 5e4, 14e4, 30e4, 54e4, 50e4, 50e4; times 1e-4 / 5, plus 1:
    divisors = torch.tensor([2, 3.8, 7, 11.8, 11, 11]).reshape(1, 6, 1, 1) ** 0.75
    for normalise in (CaffeLRN(), lrn):
        torch.testing.assert_close(normalise(x), x / divisors)


def test_normalisation_of_large_half_precision_activations():
    # 400 squared is beyond float16's 65504; 400 / (1 + 2e-5 * 160000) ** 0.75 = 400 / 4.2 ** 0.75 = 136.34
    out = CaffeLRN()(torch.full((1, 1, 1, 1), 400.0, dtype=torch.float16))
    assert out.dtype is torch.float16
    assert out.item() == pytest.approx(136.34, abs=0.1)


@pytest.mark.parametrize("size", [(67, 91), (64, 128), (195, 35)], ids=str)
@pytest.mark.parametrize(
    ("net", "style", "published", "normed"),
    [(AlexNet, "caffenet", plain_caffenet, 1), (GoogLeNet, "caffe", plain_googlenet, 0)],
)
def test_caffe_nets_are_the_published_ones(net, style, published, normed, size):
    """The first map behind a normalisation shows that there is one."""
    net, image = build(net, style), picture(*size)
    with torch.no_grad():
        ours, plain, without = net(image), published(net, image), published(net, image, lrn=nn.Identity())
    assert [m.shape[1] for m in ours] == ([96, 256, 256] if style == "caffenet" else [480, 832, 1024])
    assert_same(ours, plain)
    assert (plain[normed] - without[normed]).abs().max() > 0.1 * plain[normed].abs().max()


def test_alexnet_is_torchvisions():
    whole = stir(alexnet(weights=None)).eval()
    net = build(AlexNet, "torchvision")
    names = {"0": "conv1", "3": "conv2", "6": "conv3", "8": "conv4", "10": "conv5"}
    state = whole.features.state_dict().items()
    net.load_state_dict({names[key.split(".")[0]] + "." + key.split(".")[1]: tensor for key, tensor in state})
    # 128 x 192 -> 31 x 47, 15 x 23, 7 x 11, 3 x 5: rounding up and down agree
    image = torch.randn(2, 3, 128, 192)
    with torch.no_grad():
        plain = [whole.features[:end](image) for end in (3, 6, 13)]
        assert_same(net(image), plain)
    # pools round up where torchvision's round down: 67 x 91 -> 16 x 22 -> 8 x 11 (7 x 10 rounded down) -> 4 x 5 -> 2 x 2
    with torch.no_grad():
        shapes = [tuple(m.shape) for m in build(AlexNet, "torchvision")(torch.randn(1, 3, 67, 91))]
    assert shapes == [(1, 64, 8, 11), (1, 192, 4, 5), (1, 256, 2, 2)]


def test_googlenet_is_torchvisions():
    whole = stir(TorchvisionGoogLeNet(aux_logits=True, init_weights=False)).eval()
    net = build(GoogLeNet, "torchvision")
    state = {k: v for k, v in whole.state_dict().items() if not k.startswith(("aux", "fc."))}
    net.load_state_dict(state, strict=True)
    plain = []
    for name in ("inception3b", "inception4e", "inception5b"):
        getattr(whole, name).register_forward_hook(lambda module, inputs, output: plain.append(output))
    image = torch.randn(2, 3, 67, 91)
    with torch.no_grad():
        whole(image)
        assert_same(net(image), plain)


def test_default_outputs_and_numbers_of_parameters():
    # published totals less the classifiers': 60,965,224 and 61,100,840 less 58,631,144 (fc6 to fc8);
    # 6,998,552 and 6,624,904 less 1024 * 1000 + 1000; torchvision has 3x3 kernels for 5x5 and batch norm for biases
    assert (AlexNet().out_indices, GoogLeNet().out_indices) == ((2,), (0, 1, 2))
    counts = {(net, style): sum(p.numel() for p in net(style).parameters()) for net, style in STYLES}
    assert counts == {
        (AlexNet, "caffenet"): 2_334_080,
        (AlexNet, "torchvision"): 2_469_696,
        (GoogLeNet, "torchvision"): 5_599_904,
        (GoogLeNet, "caffe"): 5_973_552,
    }


def test_caffe_names_cover_the_net():
    names, net = caffe_names(), GoogLeNet("caffe")
    assert len(names) == 57
    assert {f"{prefix}.{kind}" for prefix in names.values() for kind in ("weight", "bias")} == set(net.state_dict())
    assert names["inception_3a/5x5_reduce"] == "inception3a.branch3.0.conv"
    # Szegedy et al., Table 1
    expected = {
        "conv1/7x7_s2": (64, 3, 7, 7),
        "conv2/3x3_reduce": (64, 64, 1, 1),
        "conv2/3x3": (192, 64, 3, 3),
        "inception_4b/1x1": (160, 512, 1, 1),
        "inception_4b/3x3_reduce": (112, 512, 1, 1),
        "inception_4b/3x3": (224, 112, 3, 3),
        "inception_4b/5x5_reduce": (24, 512, 1, 1),
        "inception_4b/5x5": (64, 24, 5, 5),
        "inception_5b/pool_proj": (128, 832, 1, 1),
    }
    assert {layer: tuple(net.get_parameter(f"{names[layer]}.weight").shape) for layer in expected} == expected
    for googlenet in (GoogLeNet("torchvision"), net):  # both name their convolutions alike
        weights = {key for key in googlenet.state_dict() if key.endswith("conv.weight")}
        assert weights == {f"{prefix}.weight" for prefix in names.values()}


# by hand: a layer adds scale * ((k - 1) / 2 - padding). AlexNet: conv1 11 / 4 pad 2: 3; pools 3 / 2: + 4, + 8, + 16.
# GoogLeNet: conv1 7 / 2 pad 3: 0; pools 3 / 2: + 2, + 4, + 8, the fourth + 16, or 2 / 2: + 8.
@pytest.mark.parametrize(
    ("net", "style", "shifts"),
    [
        (AlexNet, "caffenet", (7, 15, 31)),
        (AlexNet, "torchvision", (7, 15, 31)),
        (GoogLeNet, "torchvision", (6, 14, 22)),
        (GoogLeNet, "caffe", (6, 14, 30)),
    ],
    ids=str,
)
def test_coordinate_maps(net, style, shifts):
    expected = [CoordMap(Fraction(scale), Fraction(shift)) for scale, shift in zip((8, 16, 32), shifts, strict=True)]
    assert trace_coord_maps([net(style, ALL)]) == expected


def test_crop_of_the_authors_alexnet():
    # their 100 px are conv1's 2 and 98 around it; fc6 6 x 6, upscore 63 / 32; the published definition crops 18
    (pool5,) = trace_coord_maps([AlexNet()], CoordMap().pad(98))
    assert pool5.down(6).up(63, 32).crop_offset(CoordMap()) == 18


@EVERY
def test_outputs_come_shallow_to_deep(net, style):
    image = picture(67, 91)
    one = build(net, style)
    with torch.no_grad():
        maps = one(image)
        for indices in ((2, 0), [1], (2,)):
            other = net(style, indices)
            other.load_state_dict(one.state_dict())
            chosen = other.eval()(image)
            assert isinstance(chosen, tuple)
            assert len(chosen) == len(indices)
            assert all(torch.equal(a, maps[i]) for a, i in zip(chosen, sorted(indices), strict=True))


@EVERY
def test_gradients_reach_every_parameter(net, style):
    one = build(net, style, out_indices=(2,)).train()
    for output in one(picture(67, 91, batch=2)):
        output.pow(2).sum().backward()
    for name, parameter in one.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
        assert parameter.grad.abs().max() > 0, name


@EVERY
def test_channels_last_in_memory(net, style):
    one, image = build(net, style), picture(67, 91, batch=2)
    with torch.no_grad():
        plain = one(image)
        one.to(memory_format=torch.channels_last)
        ours = one(image.to(memory_format=torch.channels_last))
    assert all(m.is_contiguous(memory_format=torch.channels_last) for m in ours)
    assert_same(ours, plain)


@EVERY
def test_bfloat16_convolutions(net, style):
    one, image = build(net, style), picture(67, 91)
    plain = [m.detach() for m in one(image)]
    with torch.autocast("cpu", torch.bfloat16):
        ours = one(image)
    assert all(m.dtype is torch.bfloat16 for m in ours)
    # 8 bits of mantissa, through up to 21 layers
    for a, b in zip(ours, plain, strict=True):
        assert (a - b).norm() <= 0.03 * b.norm()
    sum(m.float().sum() for m in ours).backward()
    assert all(p.grad.isfinite().all() for p in one.parameters())


@EVERY
def test_building_is_silent_and_kaiming_and_modes_return_the_net(net, style):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        one = net(style)
    assert one.eval() is one and not one.training
    assert one.train() is one and one.training
    initialise(one)
    conv = one.conv1 if net is AlexNet else one.conv1.conv
    fan_out = conv.out_channels * conv.kernel_size[0] ** 2
    assert conv.weight.std().item() == pytest.approx((2 / fan_out) ** 0.5, rel=0.05)
    if conv.bias is not None:
        assert (conv.bias == 0).all()


@pytest.mark.parametrize(
    ("net", "style", "known"),
    [(AlexNet, "caffe", "caffenet, torchvision"), (GoogLeNet, "caffenet", "torchvision, caffe")],
)
def test_unknown_styles(net, style, known):
    with refused("config-value", f"style {style!r}", known):
        net(style)


@pytest.mark.parametrize("net", [AlexNet, GoogLeNet])
@pytest.mark.parametrize("indices", [(3,), (-1,), (), 2, (0, "pool5")], ids=str)
def test_unknown_outputs(net, indices):
    with refused("config-value", f"out_indices {indices!r}", "0 (stride 8)"):
        net(out_indices=indices)
