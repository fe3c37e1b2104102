"""The properties of the FCN method, as docs/method.md states them: each against values by hand or computed another way.

Long et al., CVPR 2015 (arXiv 1411.4038); Shelhamer et al., PAMI 2016 (arXiv 1605.06211).
"""

import re
from fractions import Fraction
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from mmseg.registry import MODELS
from support.builders import STREAMS, VGG, build_fcn, build_from
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from fcn_plugin.configs import get_config
from fcn_plugin.layers.bilinear import BilinearUpsample
from fcn_plugin.layers.coord_map import CoordMap
from fcn_plugin.models.necks.skip_neck import FCNSkipNeck

ROOT = Path(__file__).parents[1]
DOCUMENT = ROOT / "docs" / "method.md"
FACTORS = pytest.mark.parametrize("factor", [2, 3, 4, 5, 8, 16, 32])
VARIANTS = pytest.mark.parametrize("variant", STREAMS)


# --- convolutionalisation (CVPR sec. 3.1) ---


def classifier_net(**kwargs):
    """FCN with an unpadded fc6 and non-zero biases; backbone and neck alone see the image without a border."""
    net = build_fcn(STREAMS["32s"], "reference", **kwargs)
    for layer in net.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.normal_(layer.bias, std=0.1)
    return net


def fc7_map(net, image):
    """Image (N, 3, H, W) -> fc7 (N, C, h, w) of the convolutionalised classifier."""
    with torch.no_grad():
        return net.neck(net.backbone(image))[0]


def plain_pool5(net, image, padding=1):
    """VGG16 as functions, pooling as torchvision does: image -> pool5."""
    for layer in net.backbone.features:
        if isinstance(layer, nn.MaxPool2d):
            image = F.max_pool2d(image, 2)
        else:
            image = F.relu(F.conv2d(image, layer.conv.weight, layer.conv.bias, padding=padding))
    return image


def fully_connected(net, pool5):
    """fc6 and fc7 as matrices: (N, C, 7, 7) -> (N, C')."""
    x = pool5.flatten(1)
    for layer in (net.neck.fc6, net.neck.fc7):
        x = F.relu(F.linear(x, layer.weight.flatten(1), layer.bias))
    return x


def test_on_224_pixels_fc7_is_the_classifiers():
    net, image = classifier_net(narrow=False), torch.randn(1, 3, 224, 224)
    found = fc7_map(net, image)
    with torch.no_grad():
        pool5 = plain_pool5(net, image)
        expected = fully_connected(net, pool5)
    assert pool5.shape == (1, 512, 7, 7)
    assert found.shape == (1, 8, 1, 1)
    assert expected.std() > 1e-3
    torch.testing.assert_close(found[..., 0, 0], expected, rtol=1e-4, atol=1e-5 * expected.max().item())


def test_on_a_larger_image_fc7_is_a_map_of_classifiers():
    net, image = classifier_net().double(), torch.randn(1, 3, 256, 288).double()
    found = fc7_map(net, image)
    assert found.shape == (1, 8, 2, 3)
    with torch.no_grad():
        pool5 = plain_pool5(net, image)
        for i in range(2):
            for j in range(3):
                window = fully_connected(net, pool5[..., i : i + 7, j : j + 7])
                torch.testing.assert_close(found[..., i, j], window)
        assert (found.amax((2, 3)) - found.amin((2, 3))).max() > 1e-3 * found.max()
        # not the classifier on a cut-out of the image: that one sees zeros where the map sees the image
        cut = fully_connected(net, plain_pool5(net, image[..., 32:, 32:256]))
    assert (found[..., 1, 1] - cut).abs().max() > 0.01 * found.max()


def test_without_padding_fc7_is_the_classifier_on_404_pixels_every_32():
    net, image = classifier_net().double(), torch.randn(1, 3, 436, 468).double()
    for layer in net.backbone.modules():
        if isinstance(layer, nn.Conv2d):
            layer.padding = (0, 0)
    found = fc7_map(net, image)
    assert found.shape == (1, 8, 2, 3)
    for i in range(2):
        for j in range(3):
            window = image[..., 32 * i : 32 * i + 404, 32 * j : 32 * j + 404]
            with torch.no_grad():
                expected = fully_connected(net, plain_pool5(net, window, padding=0))
            torch.testing.assert_close(found[..., i, j], expected)


def test_fc7_sees_404_pixels():
    """Positive weights and mean instead of max pooling: every pixel that is seen gets a gradient."""
    net, image = classifier_net().double(), torch.rand(1, 3, 416, 416).double().requires_grad_()
    for i, layer in enumerate(net.backbone.features):
        if isinstance(layer, nn.MaxPool2d):
            net.backbone.features[i] = nn.AvgPool2d(2)
    for layer in net.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.constant_(layer.weight, 1 / layer.weight[0].numel())
            nn.init.zeros_(layer.bias)
    net.neck(net.backbone(image))[0][0, 0, 3, 3].backward()
    rows, columns = image.grad[0, 0].nonzero().T
    # the middle lies at 32 * 3 + 111.5, 201.5 to either side
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (6, 409, 6, 409)
    assert len(rows) == 404**2


@pytest.mark.parametrize(
    ("config", "parameters", "field"),
    [("fcn32s_caffenet_voc", "57.0", 355), ("fcn32s_vgg16_voc", "134.3", 404), ("fcn32s_googlenet_voc", "6.0", 715)],
)
def test_table_1_of_the_paper(config, parameters, field):
    """Sizes of the nets, and what their scores see, measured by gradients through positive weights and mean pooling."""
    cfg = get_config(f"reference/{config}")
    with torch.device("meta"):
        whole = MODELS.build(cfg.model)
    assert f"{sum(p.numel() for p in whole.parameters()) / 1e6:.1f}" == parameters
    row = next(line for line in DOCUMENT.read_text().splitlines() if line.startswith(f"| `reference/{config}.py`"))
    assert parameters in row
    assert f"| {field} (" in row

    vgg = "vgg16" in config
    net = build_fcn(STREAMS["32s"], "reference") if vgg else build_from(f"reference/{config}", "reference")
    for parent in [*net.modules()]:
        for name, layer in parent.named_children():
            if isinstance(layer, nn.MaxPool2d):  # a maximum passes its gradient to one pixel only
                parent.add_module(name, nn.AvgPool2d(layer.kernel_size, layer.stride, layer.padding, layer.ceil_mode))
    for parameter in net.parameters():
        nn.init.constant_(parameter, 1 / parameter[0].numel())
    # in float64: some CPUs' float32 kernels leave traces of rounding beside the field
    image = torch.ones(1, 3, field + 128, field + 128, dtype=torch.float64, requires_grad=True)
    scored = net.double().neck(net.backbone(image))[0]
    middle = scored.shape[-1] // 2
    scored[0, :, middle, middle].sum().backward()
    seen = image.grad[0, 0].nonzero()
    assert (seen.amax(0) - seen.amin(0) + 1).tolist() == [field, field]


def multiply_adds(height, width):
    """(multiply-adds of VGG16's convolutions, fc6 and fc7, size of fc7); shapes only, nothing is computed."""
    with torch.device("meta"):
        vgg, neck = VGG(16, out_indices=(2, 3, 4), ceil_mode=True), FCNSkipNeck(geometry="reference")
        image = torch.empty(1, 3, height, width)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        fc7 = neck(vgg(image))[0]
    return counter.get_total_flops() // 2, tuple(fc7.shape[-2:])


def test_one_pass_costs_less_than_one_per_window():
    # (in, out, layers, side) of the 3 x 3 convolutions on 224 pixels
    convs = [(3, 64, 1, 224), (64, 64, 1, 224), (64, 128, 1, 112), (128, 128, 1, 112), (128, 256, 1, 56)]
    convs += [(256, 256, 2, 56), (256, 512, 1, 28), (512, 512, 2, 28), (512, 512, 3, 14)]
    window = sum(9 * a * b * n * side**2 for a, b, n, side in convs) + 7 * 7 * 512 * 4096 + 4096 * 4096
    assert multiply_adds(224, 224) == (window, (1, 1))
    assert window == 15_466_168_320
    cost, grid = multiply_adds(500, 500)
    assert grid == (10, 10)
    assert cost == 89_123_638_272
    assert 100 * window / cost == pytest.approx(17.35, abs=0.01)


# --- transposed convolution (CVPR sec. 3.3) ---


def matrix(function, *shape):
    """The matrix of a linear function of a (1, *shape) tensor: column i is its value on unit vector i."""
    units = torch.eye(torch.Size(shape).numel(), dtype=torch.float64).view(-1, *shape)
    return function(units).flatten(1).T


@pytest.mark.parametrize(
    ("kernel", "stride", "padding", "side"), [(3, 2, 1, 5), (4, 2, 0, 6), (4, 2, 1, 6), (2, 2, 0, 4), (3, 1, 1, 4)]
)
def test_transposed_convolution_is_the_transposed_matrix(kernel, stride, padding, side):
    weight = torch.randn(3, 2, kernel, kernel).double()
    options = {"stride": stride, "padding": padding}
    x = torch.randn(1, 2, side, side).double().requires_grad_()
    y = F.conv2d(x, weight, **options)
    other = torch.randn_like(y)

    down = matrix(lambda t: F.conv2d(t, weight, **options), *x.shape[1:])
    up = matrix(lambda t: F.conv_transpose2d(t, weight, **options), *y.shape[1:])
    torch.testing.assert_close(down @ x.detach().flatten(), y.detach().flatten())
    assert torch.equal(up, down.T)
    found = F.conv_transpose2d(other, weight, **options)
    torch.testing.assert_close(found.flatten(), down.T @ other.flatten())
    (gradient,) = torch.autograd.grad((y * other).sum(), x)
    torch.testing.assert_close(found, gradient)

    # the shape comes back, the values do not: no inverse
    back = F.conv_transpose2d(y, weight, **options).detach()
    assert back.shape == x.shape
    assert (back - x).norm() > 0.1 * x.norm()
    assert (up @ down - torch.eye(len(up)).double()).norm() > 1


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [[0, 0, 1], [0, 4, 6], [4, 12, 9]]),
        ({"stride": 2}, [[0, 0, 0, 1], [0, 0, 2, 3], [0, 2, 0, 3], [4, 6, 6, 9]]),
        ({"padding": 1}, [[4]]),
        ({"stride": 2, "padding": 1}, [[0, 2], [2, 0]]),
    ],
)
def test_transposed_convolution_by_hand(options, expected):
    square = torch.arange(4.0).view(1, 1, 2, 2)
    assert F.conv_transpose2d(square, square, **options)[0, 0].tolist() == expected


# --- bilinear upsampling (CVPR sec. 3.3, PAMI sec. 3.3) ---


@FACTORS
def test_between_the_first_and_the_last_pixel_it_interpolates(factor):
    x = torch.randn(2, 3, 4, 5)
    found = BilinearUpsample(3, factor)(x)
    expected = F.interpolate(x, scale_factor=factor, mode="bilinear", align_corners=False)
    assert found.shape == expected.shape == (2, 3, 4 * factor, 5 * factor)
    inside = slice(factor // 2, -(factor // 2))
    torch.testing.assert_close(found[..., inside, inside], expected[..., inside, inside])
    assert not torch.allclose(found, expected, atol=0.01)


@FACTORS
def test_constants_stay_and_planes_stay_planes(factor):
    rows, columns = torch.arange(4.0)[:, None], torch.arange(5.0)
    up, inside = BilinearUpsample(1, factor), slice(factor // 2, -(factor // 2))
    constant = up(torch.full((1, 1, 4, 5), 7.0))[0, 0, inside, inside]
    torch.testing.assert_close(constant, torch.full_like(constant, 7))
    plane = up((2 * rows - 3 * columns + 1)[None, None])[0, 0]
    # output pixel o lies at input pixel (o - (s - 1) / 2) / s
    i, j = ((torch.arange(n * factor) - (factor - 1) / 2) / factor for n in (4, 5))
    expected = 2 * i[:, None] - 3 * j + 1
    torch.testing.assert_close(plane[inside, inside], expected[inside, inside], rtol=1e-5, atol=1e-5)


@FACTORS
def test_at_the_border_it_fades_towards_the_zeros_outside(factor):
    x = torch.randn(1, 2, 4, 5)
    up = BilinearUpsample(2, factor)
    framed = F.interpolate(F.pad(x, (1, 1, 1, 1)), scale_factor=factor, mode="bilinear", align_corners=False)
    torch.testing.assert_close(up(x), framed[..., factor:-factor, factor:-factor])
    ones = up(torch.ones(1, 2, 4, 5))[0, 0]
    edge = (factor + 1) / (2 * factor)  # 3/4 for x2, 33/64 for x32
    assert ones[0, 2 * factor].item() == pytest.approx(edge)
    assert ones[0, 0].item() == pytest.approx(edge**2)
    assert ones[-1, -1].item() == pytest.approx(edge**2)
    before = torch.arange(factor // 2)
    torch.testing.assert_close(ones[before, 2 * factor], 1 - ((factor - 1) / 2 - before) / factor)


@pytest.mark.parametrize("factor", [2, 3, 5])
def test_the_papers_sum_over_four_neighbours(factor):
    """y_ij = sum over a, b in {0, 1} of |1 - a - {i/f}| |1 - b - {j/f}| x[floor(i/f) + a, floor(j/f) + b]."""
    x = torch.randn(4, 5)
    found = BilinearUpsample(1, factor, 2 * factor - 1, padding=factor - 1)(x[None, None])[0, 0]
    assert found.shape == (3 * factor + 1, 4 * factor + 1)
    around = F.pad(x, (0, 1, 0, 1))  # the factors of the row and column beyond are zero
    for i, row in enumerate(found):
        for j, value in enumerate(row):
            expected = sum(
                abs(1 - a - i / factor % 1) * abs(1 - b - j / factor % 1) * around[i // factor + a, j // factor + b]
                for a in (0, 1)
                for b in (0, 1)
            )
            torch.testing.assert_close(value, expected, rtol=1e-5, atol=1e-5)


# --- sizes (CVPR sec. 3, the authors' nets) ---


@pytest.mark.parametrize(
    ("size", "floor", "ceil"),
    [
        ((500, 375), (480, 352), (512, 384)),
        ((333, 500), (320, 480), (352, 512)),
        ((33, 63), (32, 32), (64, 64)),
        ((64, 96), (64, 96), (64, 96)),
    ],
)
def test_without_padding_scores_come_back_short_or_long(size, floor, ceil):
    image = torch.randn(1, 3, *size)
    for ceil_mode, expected in ((False, floor), (True, ceil)):
        net = build_fcn(STREAMS["32s"], backbone={"ceil_mode": ceil_mode})
        with torch.no_grad():
            fc7, *_ = net.neck(net.backbone(image))
            assert BilinearUpsample(8, 32)(fc7).shape[-2:] == expected
            assert net(image).shape[-2:] == size


def test_without_padding_small_images_give_nothing():
    net, image = build_fcn(STREAMS["32s"], backbone={"ceil_mode": False}), torch.randn(1, 3, 31, 64)
    with torch.no_grad():
        with pytest.raises(RuntimeError, match="too small"):
            net.backbone(image)
        assert net(image).shape[-2:] == (31, 64)


@pytest.fixture(scope="module", params=STREAMS)
def nets(request):
    return {geometry: build_fcn(STREAMS[request.param], geometry) for geometry in ("aligned", "reference")}


@settings(max_examples=20)
@given(height=st.integers(1, 70), width=st.integers(1, 70))
def test_any_size_comes_back(nets, height, width):
    image = torch.randn(1, 3, height, width)
    for net in nets.values():
        with torch.no_grad():
            logits = net(image)
        assert logits.shape == (1, 3, height, width)
        assert logits.isfinite().all()


@settings(max_examples=20)
@given(height=st.integers(1, 70), width=st.integers(1, 70))
def test_padding_by_hand_moves_nothing(nets, height, width):
    """The bare chain of backbone, neck and head on the padded image; the net pads no more than that."""
    net, image = nets["aligned"], torch.randn(1, 3, height, width)
    padded = F.pad(image, (0, -width % 32, 0, -height % 32))
    with torch.no_grad():
        expected = net.decode_head((*net.neck(net.backbone(padded)), padded.shape[-2:]))
        torch.testing.assert_close(net(image), expected[..., :height, :width], rtol=1e-4, atol=1e-4)


@VARIANTS
def test_a_wider_border_moves_the_crop_and_no_logit(variant):
    """Without biases the border is zero all the way up; only fc7's outermost pixels come and go."""
    nets = [build_fcn(STREAMS[variant], "reference", input_pad=border) for border in (99, 131)]
    nets[1].load_state_dict(nets[0].state_dict())
    for net in nets:
        for layer in net.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.zeros_(layer.bias)
    crops, moved = (net.decode_head.crops for net in nets)
    assert moved == {**crops, "score": crops["score"] + 32}
    image = torch.randn(1, 3, 140, 150)
    with torch.no_grad():
        logits, wider = (net(image)[..., 40:90, 40:90] for net in nets)
    assert logits.std() > 1e-3
    torch.testing.assert_close(wider, logits, rtol=1e-4, atol=1e-5 * logits.abs().max().item())


# --- the document ---


def table(first):
    """Rows of the document's table whose first column is called so, as lists of cells."""
    rows = DOCUMENT.read_text().split(f"| {first} |")[1].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def test_the_table_of_receptive_fields():
    """The rule of composition on the net's own layers, one row per pooling and one for fc6 and fc7."""
    net = build_fcn()
    layers = [getattr(layer, "conv", layer) for layer in net.backbone.features]
    field, stride, found, added = 1, 1, [], []
    for layer in (*layers, net.neck.fc6, net.neck.fc7):
        kernel, step = (v[0] if isinstance(v, tuple) else v for v in (layer.kernel_size, layer.stride))
        added.append((kernel - 1) * stride)
        field, stride = field + added[-1], stride * step
        if isinstance(layer, nn.MaxPool2d) or layer is net.neck.fc7:
            found.append([", ".join(map(str, added)), str(field), str(stride)])
            added = []
    assert [row[1:] for row in table("layers")] == found
    assert found[-1][1:] == ["404", "32"]


def test_the_table_of_offsets():
    """Row by row: a layer's output follows from the row that it comes from, an offset from two rows."""
    grids, offsets = {"image": CoordMap()}, []
    for layer, source, step, scale, shift, offset in table("layer"):
        kind, *numbers = step.replace(",", "").split()
        grid = grids[layer] = getattr(grids[source], kind)(*map(int, numbers))
        assert grid == CoordMap(Fraction(scale), Fraction(shift)), layer
        if offset:
            cut, pixels = re.fullmatch(r"(\w+) at (\d+)", offset).groups()
            target = CoordMap() if cut == layer else grid
            assert grids[cut].crop_offset(target) == int(pixels), layer
            offsets.append(int(pixels))
    assert offsets == [19, 5, 27, 9, 31]


def test_the_tests_that_the_document_names_exist():
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", DOCUMENT.read_text())
    assert len(named) >= 15
    for file, name in named:
        assert f"def {name}(" in (ROOT / file).read_text(), f"{file}::{name}"
