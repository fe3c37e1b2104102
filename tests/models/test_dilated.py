"""Dilated nets: they compute what their undilated nets compute, at more places, from the same weights."""

import pytest
import torch
import torch.nn.functional as F
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS
from support.builders import build_dilated, build_fcn
from support.refusals import refused
from torch import nn

from fcn_plugin.layers.trace import trace_coord_maps
from fcn_plugin.models import FCNASPPNeck
from fcn_plugin.weights.fit import load_classifier
from fcn_plugin.weights.kernels import subsample

init_default_scope("mmseg")
TIMM = [("test_resnet", stride) for stride in (8, 16)] + [("test_efficientnet", 8)]
RESNET = dict(type="ResNet", depth=50, base_channels=4, stem_channels=4, strides=(1, 2, 2, 2), out_indices=(3,))
DILATED = dict(strides=(1, 2, 1, 1), dilations=(1, 1, 2, 4), contract_dilation=True)


def backbones(name, stride):
    """(undilated, dilated) with the same weights, and what the weights lack or have too many of."""
    if name == "resnet":
        configs = [RESNET, {**RESNET, **DILATED}]
    else:
        pytest.importorskip("timm")
        # ResNet-D's shortcuts pool 2 x 2, which timm does not dilate at stride 8
        plain = dict(avg_down=False) if "resnet" in name else {}
        timm = dict(type="FCNTimm", name=name, **plain)
        configs = [{**timm, "strides": (32,)}, {**timm, "strides": (stride,), "output_stride": stride}]
    whole, dilated = nets = [MODELS.build(config) for config in configs]
    for net in nets:
        net.eval()
    assert dilated.load_state_dict(whole.state_dict()) == ([], [])
    return whole, dilated


@pytest.mark.parametrize(("name", "stride"), [*TIMM, ("resnet", 8)])
def test_a_dilated_net_has_the_undilated_map_among_its_own(name, stride):
    """Traced maps say which pixels of the finer map lie on the coarser ones; away from the border they are the same."""
    nets = backbones(name, stride)
    whole, dilated = (trace_coord_maps([net])[0] for net in nets)
    assert (whole.scale, dilated.scale) == (32, stride)
    places = (whole.shift - dilated.shift) / stride
    assert places.denominator == 1
    torch.manual_seed(0)
    image = torch.rand(1, 3, 576, 576)
    with torch.no_grad():
        coarse, fine = (net(image)[-1] for net in nets)
    sampled = fine[..., int(places) :: 32 // stride, int(places) :: 32 // stride]
    pixel = (..., slice(8, 10), slice(8, 10))  # the reach of the deepest map is half of the image or less
    scale = coarse[pixel].abs().max().item()
    assert coarse[pixel].std() > 0
    torch.testing.assert_close(sampled[pixel], coarse[pixel], rtol=1e-3, atol=1e-3 * scale)


def test_resnets_of_mmseg_have_the_names_of_mmpretrains():
    """So that torchvision's file fits both."""
    names = [MODELS.build(dict(RESNET, type=name)).state_dict().keys() for name in ("ResNet", "mmpretrain.ResNet")]
    assert names[0] == names[1]


@pytest.mark.parametrize(("stride", "fc6", "uncovered"), [(8, 12, 0), (16, 6, 0)])
def test_largefov_lies_on_pool3s_grid(stride, fc6, uncovered):
    net = build_dilated(stride)
    (grid,) = trace_coord_maps([net.backbone, net.neck])
    assert (grid.scale, 2 * grid.shift + 1) == (stride, stride)  # the middle of a cell of this stride
    assert net.stride == stride and net.uncovered == uncovered
    assert net.neck.fc6.padding == net.neck.fc6.dilation == (fc6, fc6)


def test_largefov_sees_what_vgg_sees():
    """conv5 reaches as far as in VGG; the last pools reach a pixel of stride 8 to both sides."""
    reach = {}
    for name, net in (("vgg", build_fcn(("fr",))), ("dilated", build_dilated(8))):
        reach[name] = trace_coord_maps([net.backbone])[-1].reach
    by_hand = [(1, 3)] * 2 + [(1, 2)] + [(2, 3)] * 2 + [(2, 2)] + [(4, 3)] * 3 + [(4, 2)] + [(8, 3)] * 3
    conv5 = [(16, 3)] * 3
    vgg, dilated = [*by_hand, (8, 2), *conv5, (16, 2)], [*by_hand, (8, 3), *conv5, (8, 3)]
    for name, layers in (("vgg", vgg), ("dilated", dilated)):
        assert 2 * reach[name] == sum(spacing * (kernel - 1) for spacing, kernel in layers)


def test_largefov_starts_from_vggs_weights(tmp_path):
    """Every convolution is copied; fc6 and fc7 are evenly spaced taps and channels of the classifier's."""
    source = {key: torch.randn_like(value) for key, value in build_fcn(fc_channels=16).state_dict().items()}
    source = {key: value for key, value in source.items() if key.startswith(("backbone.", "neck."))}
    torch.save(source, tmp_path / "vgg16.pth")
    net = build_dilated(8, fc="subsample")
    load_classifier(net, str(tmp_path / "vgg16.pth"), net.fc)
    state = net.state_dict()
    assert {key for key in state if key.startswith(("backbone.", "neck."))} == source.keys()
    for key, tensor in source.items():
        assert torch.equal(state[key], subsample(tensor, state[key].shape) if "neck" in key else tensor)
    fc6 = source["neck.fc6.weight"]
    assert torch.equal(state["neck.fc6.weight"][0, 0], fc6[0, 0, ::3, ::3])  # taps 0, 3 and 6 of 7


def test_a_mirrored_image_gives_mirrored_logits():
    net, image = build_dilated(8), torch.randn(1, 3, 64, 96)
    for layer in net.modules():
        if isinstance(layer, nn.Conv2d):
            rows = layer.weight + layer.weight.flip(2)
            layer.weight.data = (rows + rows.flip(3)) / 2
    with torch.no_grad():
        logits, mirrored = net(image), net(image.flip(2, 3)).flip(2, 3)
    assert logits.std() > 0.1
    torch.testing.assert_close(mirrored, logits, rtol=1e-3, atol=1e-4 * logits.abs().max().item())


def aspp(channels=(2, 5), width=4, **kwargs):
    neck = FCNASPPNeck(channels, width, **kwargs)
    neck.init_weights()
    return neck.eval()


@pytest.mark.parametrize("separable", [False, True])
def test_the_pyramid_is_its_branches_side_by_side(separable):
    neck = aspp(dilations=(1, 2, 3), separable=separable, norm_cfg=None)
    skip, x = torch.randn(2, 2, 18, 14), torch.randn(2, 5, 9, 7)
    with torch.no_grad():
        fr, same = neck((skip, x))
        branches = []
        for branch, spacing in zip(neck.aspp, (1, 2, 3), strict=True):
            y = x
            for conv in [layer for layer in branch.modules() if isinstance(layer, nn.Conv2d)]:
                d = spacing if conv.kernel_size == (3, 3) else 1
                padding = d * (conv.kernel_size[0] // 2)
                y = F.conv2d(y, conv.weight, conv.bias, padding=padding, dilation=d, groups=conv.groups).relu()
            branches.append(y)
        last = neck.bottleneck.conv
        expected = F.conv2d(torch.cat(branches, 1), last.weight, last.bias).relu()
    assert same is skip
    torch.testing.assert_close(fr, expected)


def test_a_classifier_lacks_the_pyramid_alone(tmp_path):
    pyramid = dict(type="FCNASPPNeck", in_channels="auto", channels=8, dilations=(1, 2))
    net = build_dilated(8, neck=pyramid)
    source = {key: value for key, value in build_fcn().state_dict().items() if key.startswith(("backbone.", "neck."))}
    torch.save(source, tmp_path / "vgg16.pth")
    report = load_classifier(net, str(tmp_path / "vgg16.pth"))
    new = {line.rpartition(" ")[2] for line in report if line.startswith("newly initialised")}
    assert new == {key for key in net.state_dict() if key.startswith(("neck.", "decode_head."))}
    assert torch.equal(net.backbone.features[0].conv.weight, source["backbone.features.0.conv.weight"])
    del source["backbone.features.0.conv.weight"]
    torch.save(source, tmp_path / "vgg16.pth")
    with refused("weights-fit", "nothing for backbone.features.0.conv.weight"):
        load_classifier(net, str(tmp_path / "vgg16.pth"))


def test_another_output_stride_is_refused():
    with refused("config-value", "output_stride is 4", "8 or 16"):
        MODELS.build(dict(type="DilatedVGG", output_stride=4))
