"""SegNet and DeconvNet: values go where the encoder found them; logits, tiles, weights and training as of every FCN."""

import copy

import pytest
import torch
import torch.nn.functional as F
from mmseg.registry import MODELS
from support.builders import build_fcn, build_unpool
from support.refusals import refused
from torch import nn

from fcn_plugin.layers.trace import trace_coord_maps
from fcn_plugin.models import FCNUnpoolNeck
from fcn_plugin.models.necks.unpool_neck import unpool
from fcn_plugin.weights.fit import load_classifier

NETS = {"SegNet": None, "DeconvNet": 8}  # fc_channels
SHALLOW = dict(backbone=dict(depth=13, num_stages=2, dilations=(1, 1), out_indices=(1,)), neck=dict(convs=(2, 2)))


@pytest.fixture(scope="module", params=NETS)
def net(request):
    """Never changed."""
    torch.manual_seed(0)
    return build_unpool(NETS[request.param])


def one_stage():
    """One decoder whose convolution leaves a positive map as it is."""
    neck = FCNUnpoolNeck((1, 1), convs=(1,), norm_cfg=None)
    conv = neck.decoder1[0].conv
    nn.init.dirac_(conv.weight)
    nn.init.zeros_(conv.bias)
    return neck


def test_unpooling_by_hand():
    """Each value goes back to its maximum; of equal ones to the first, row by row."""
    image = torch.tensor([[1, 2, 5, 5], [3, 0, 5, 5], [0, 0, 7, 8], [0, 0, 9, 6]])[None, None].float()
    pooled, places = F.max_pool2d(image, 2, return_indices=True)
    assert pooled.flatten().tolist() == [3, 5, 0, 9]
    fr, deepest = one_stage()((places, pooled + torch.tensor([[10.0, 20], [30, 40]])))
    assert fr[0, 0].tolist() == [[0, 0, 25, 0], [13, 0, 0, 0], [30, 0, 0, 0], [0, 0, 49, 0]]
    assert deepest.shape == pooled.shape


def by_comparison(x, before):
    """Unpool x by the map before the pool, without indices: at the first of each window's maxima."""
    windows = F.unfold(before, 2, stride=2).unflatten(1, (before.shape[1], 4))
    first = F.one_hot(windows.argmax(2), 4).movedim(-1, 2)  # of equal values, argmax takes the first on CPU
    return F.fold((first * x.flatten(2)[:, :, None]).flatten(1, 2), before.shape[-2:], 2, stride=2)


def test_the_net_is_its_layers_one_after_the_other(net):
    """Encoder, fc6 and fc7, decoders in reverse, scores; zeros to whole strides at the right and bottom."""
    image = torch.randn(2, 3, 33, 50)
    with torch.no_grad():
        logits = net(image)
        x, before = F.pad(image, (0, 14, 0, 31)), []
        for layer in net.backbone.features:
            if isinstance(layer, nn.MaxPool2d):
                before.append(x)
                x = F.max_pool2d(x, 2)
            else:
                x = layer(x)
        neck = net.neck
        if neck.fc_channels:
            x = neck.deconv_fc6(neck.fc7(neck.fc6(x).relu()).relu())
        for stage in (5, 4, 3, 2, 1):
            x = neck.get_submodule(f"decoder{stage}")(by_comparison(x, before[stage - 1]))
        expected = net.decode_head.score_fr(x)[..., :33, :50]
    assert logits.std() > 0.1
    torch.testing.assert_close(logits, expected, rtol=1e-3, atol=1e-4)


def test_the_decoders_mirror_the_encoder():
    """Channels in and out as in the papers' tables, at full width."""
    neck = FCNUnpoolNeck((64, 128, 256, 512, 512, 512))
    table = [[(c.in_channels, c.out_channels) for c in neck.get_submodule(name)] for name in neck.decoders]
    assert table == [
        [(512, 512)] * 3,
        [(512, 512), (512, 512), (512, 256)],
        [(256, 256), (256, 256), (256, 128)],
        [(128, 128), (128, 64)],
        [(64, 64), (64, 64)],
    ]


def test_scores_lie_on_the_image(net):
    fr, deepest = trace_coord_maps([net.backbone, net.neck])
    assert (fr.scale, fr.shift) == (1, 0)
    assert (deepest.scale, deepest.shift) == (32, 15.5)
    assert (net.stride, net.least_side, net.uncovered) == (32, 32, 0)
    assert net.decode_head.strides == (1,) and net.decode_head.crops == {"score": 0}
    # both ways 3 x 3 convolutions, 2 in two stages and 3 in three, and a window of 2 in each
    one_way = sum(s * (count * 2 + 1) for s, count in zip((1, 2, 4, 8, 16), (2, 2, 3, 3, 3), strict=True))
    assert 2 * fr.reach == 2 * one_way + (2 * 32 * 6 if net.neck.fc_channels else 0)


def test_scores_of_stride_1_are_not_upsampled(net, monkeypatch):
    monkeypatch.setattr(F, "conv_transpose2d", None)
    head, fused = net.decode_head, torch.randn(2, 3, 32, 32)
    assert torch.equal(head.upsample_scores(fused, (30, 31)), fused[..., :30, :31])


@pytest.mark.parametrize("norm", [None, dict(type="BN")], ids=["VGG16", "VGG16-BN"])
@pytest.mark.parametrize("fc", NETS.values(), ids=NETS)
def test_the_encoder_starts_from_vggs_weights(fc, norm, tmp_path):
    """Every tensor of the classifier but its last layer is copied; the decoders and scores are new."""
    vgg = build_fcn(fc_channels=8, norm=norm)
    source = {key: value for key, value in vgg.state_dict().items() if key.startswith(("backbone.", "neck."))}
    torch.save(source, tmp_path / "vgg16.pth")
    net = build_unpool(fc, backbone=dict(norm_cfg=norm))
    report = load_classifier(net, str(tmp_path / "vgg16.pth"))
    state, copied = net.state_dict(), {key for key in source if fc or not key.startswith("neck.")}
    assert all(torch.equal(state[key], source[key]) for key in copied)
    new = {line.rpartition(" ")[2] for line in report if line.startswith("newly initialised")}
    assert new == state.keys() - copied - {"preprocessing"}
    image = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        assert torch.equal(net.backbone(image)[-1], vgg.backbone(image)[-1])


@pytest.fixture(scope="module")
def lines():
    """Two images of lines one pixel wide, which no map of stride 2 holds, and their masks."""
    torch.manual_seed(0)
    masks = torch.zeros(2, 32, 32, dtype=torch.long)
    masks[0, 5::7], masks[1, :, 3::6] = 1, 2
    colours = torch.tensor([[0.0, 0.0, 0.0], [1.0, -1.0, 0.5], [-1.0, 1.0, 1.0]])
    return colours[masks].movedim(-1, 1) + 0.2 * torch.randn(2, 3, 32, 32), masks


def train(lines, precision, steps):
    torch.manual_seed(0)
    net = build_unpool(**SHALLOW, precision=precision).train()
    optimizer = torch.optim.AdamW(net.parameters(), lr=3e-2)
    for _ in range(steps):
        optimizer.zero_grad()
        F.cross_entropy(net(lines[0]), lines[1]).backward()
        optimizer.step()
    return net


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_lines_of_one_pixel_are_learned(lines, precision):
    """With the statistics of this batch; running ones follow many steps later."""
    net = train(lines, precision, 40)
    other = copy.deepcopy(net)
    other.precision = "bf16" if precision == "fp32" else "fp32"
    with torch.inference_mode():
        labels, others = (one(lines[0]).argmax(1) for one in (net, other))
    assert (labels == lines[1])[lines[1] > 0].float().mean() > 0.95
    assert (labels == others).float().mean() > 0.99


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_unpooling_is_torchs_with_its_gradient(dtype, layout):
    def values():
        return torch.randn(2, 3, 4, 6).to(dtype).contiguous(memory_format=layout)

    x, (pooled, places) = values(), F.max_pool2d(values(), 2, return_indices=True)
    found, expected = (pooled.clone().requires_grad_() for _ in range(2))
    ours, theirs = unpool(found, places), F.max_unpool2d(expected, places, 2)
    assert torch.equal(ours, theirs)
    for unpooled in (ours, theirs):
        unpooled.backward(x)
    assert torch.equal(found.grad, expected.grad) and found.grad.any()
    assert torch.equal(F.max_pool2d(ours.abs(), 2), pooled.abs())


@pytest.mark.filterwarnings("ignore:.torch.jit")
def test_torchscript_unpools_at_any_size():
    """It could keep the sides of the image that was traced."""

    def there_and_back(x):
        return unpool(*F.max_pool2d(x, 2, return_indices=True))

    x = torch.randn(2, 3, 8, 6)
    traced = torch.jit.trace(there_and_back, torch.randn(1, 3, 4, 4), check_trace=False)
    assert torch.equal(traced(x), there_and_back(x))


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_training_repeats_to_the_bit(lines, precision):
    first, second = (train(lines, precision, 2).state_dict() for _ in range(2))
    assert all(torch.equal(first[key], second[key]) for key in first)


@pytest.mark.parametrize("side", [1, 2])
def test_deconv_fc6_computes_small_maps_in_float32(side):
    """As fc6: see ``test_gradients_of_small_maps`` of FCNSkipNeck."""
    neck, seen = FCNUnpoolNeck((8, 8), convs=(1,), fc_channels=4, norm_cfg=None), []
    neck.deconv_fc6.conv.register_forward_hook(lambda module, args, output: seen.append(output.dtype))
    _, places = F.max_pool2d(torch.rand(2, 8, 2 * side, 2 * side), 2, return_indices=True)
    with torch.autocast("cpu", torch.bfloat16):
        fr, _ = neck((places, torch.rand(2, 8, side, side)))
    assert (seen, fr.dtype) == ([torch.float32], torch.bfloat16)


def test_what_does_not_fit_is_refused():
    with refused("config-value", "'reference'", "aligned"):
        build_unpool(geometry="reference")
    with refused("config-value", "5 decoders", "2 indices"):
        FCNUnpoolNeck((64, 128, 256))
    with refused("config-value", "decoders"):
        MODELS.build(dict(type="FCNUnpoolNeck", in_channels=(64, 64), convs=(2, 2)))
