"""Faster convolutions: which layers become one, when they take their own way, and that the values are the plain layer's."""

import copy

import pytest
import torch
from support.refusals import refused
from torch import nn

from fcn_plugin.layers import fast_cpu
from fcn_plugin.layers.fast_cpu import RowConv2d, WinogradConv2d, use_fast_convolutions


@pytest.fixture
def calls(monkeypatch):
    """Sizes of the inputs that did not take the plain way."""
    seen = []

    def spied(operator):
        def spy(x, *args):
            seen.append(tuple(x.shape))
            return operator(x, *args)

        return spy

    for name in ("winograd_conv2d", "row_conv2d"):
        monkeypatch.setattr(fast_cpu, name, spied(getattr(fast_cpu, name)))
    return seen


def cpu_with(monkeypatch, capability):
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: capability)


def winograd(*args, algorithm="winograd", **kwargs):
    """(the faster layer, torch's) with the same weights."""
    plain = nn.Conv2d(*args, **kwargs)
    fast = copy.deepcopy(plain)
    use_fast_convolutions(fast, algorithm)
    return fast, plain


def rows(side=7, padding=3, **kwargs):
    """(the row-wise layer, torch's) with the same weights."""
    plain = nn.Conv2d(5, 6, side, padding=padding, **kwargs).to(memory_format=torch.channels_last)
    net = nn.ModuleDict(dict(fc6=copy.deepcopy(plain)))
    use_fast_convolutions(net)
    assert type(net.fc6) is RowConv2d
    return net.fc6, plain


class OwnConv2d(nn.Conv2d):
    """A layer of somebody else's."""


def test_which_layers_become_faster_ones(monkeypatch):
    cpu_with(monkeypatch, "AVX2")
    net = nn.ModuleDict(dict(wide=nn.Conv2d(128, 64, 3, padding=1), narrow=nn.Conv2d(63, 128, 3, padding=1)))
    net.update(dict(pointwise=nn.Conv2d(128, 128, 1), own=OwnConv2d(128, 128, 3, padding=1), fc7=nn.Conv2d(8, 8, 1)))
    before, kinds = copy.deepcopy(net.state_dict()), {}
    for algorithm in ("auto", "winograd", "direct"):
        use_fast_convolutions(net, algorithm)
        kinds[algorithm] = [type(layer) for layer in net.values()]
    others = [nn.Conv2d, OwnConv2d, RowConv2d]
    assert kinds["auto"] == [WinogradConv2d, nn.Conv2d, *others]
    assert kinds["winograd"] == [WinogradConv2d, WinogradConv2d, *others]
    assert kinds["direct"] == [nn.Conv2d, nn.Conv2d, *others]
    assert list(net.state_dict()) == list(before)
    assert all(tensor.equal(before[name]) for name, tensor in net.state_dict().items())


def test_an_unknown_algorithm_is_refused():
    with refused("option-value", "'fft'", "auto, winograd, direct"):
        use_fast_convolutions(nn.Conv2d(3, 3, 3), "fft")


# --- Winograd ---


def test_values_by_winograd(calls):
    fast, plain = winograd(3, 4, 3, padding=1)
    x = torch.randn(1, 3, 9, 9)
    torch.testing.assert_close(fast(x), plain(x), rtol=1e-4, atol=1e-5)
    assert calls == [(1, 3, 9, 9)]


@pytest.mark.parametrize(
    ("capability", "channels", "side", "taken"),
    [
        ("AVX2", (128, 128), 40, True),
        ("AVX2", (64, 128), 40, False),
        ("AVX2", (128, 64), 40, False),
        ("AVX2", (128, 128), 24, False),
        ("AVX512", (128, 128), 40, False),
        ("DEFAULT", (128, 128), 40, False),
    ],
)
@pytest.mark.parametrize("algorithm", ["auto", "direct"])
def test_auto_and_direct(monkeypatch, calls, capability, channels, side, taken, algorithm):
    cpu_with(monkeypatch, capability)
    fast, _ = winograd(*channels, 3, padding=1, algorithm=algorithm)
    with torch.inference_mode():
        fast(torch.randn(1, channels[0], side, side))
    assert bool(calls) == (taken and algorithm == "auto")


@pytest.mark.parametrize(
    ("channels", "side", "taken"), [((64, 128), 40, True), ((64, 64), 24, False), ((63, 64), 40, False)]
)
def test_narrower_layers_are_faster_in_training(monkeypatch, calls, channels, side, taken):
    cpu_with(monkeypatch, "AVX2")
    fast, plain = winograd(*channels, 3, padding=1, algorithm="auto")
    x, results = torch.randn(1, channels[0], side, side), []
    for layer in (fast, plain):
        given = x.clone().requires_grad_()
        layer(given).square().mean().backward()
        results.append([given.grad, layer.weight.grad, layer.bias.grad])
    torch.testing.assert_close(*results, rtol=1e-4, atol=1e-6)
    fast.requires_grad_(False)(x)  # a frozen layer has no such gradient
    assert bool(calls) == taken and len(calls) <= 1


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_auto_is_for_float32_alone(monkeypatch, calls, dtype):
    cpu_with(monkeypatch, "AVX2")
    fast, _ = winograd(128, 128, 3, padding=1, algorithm="auto")
    fast.to(dtype)(torch.randn(1, 128, 40, 40, dtype=dtype))
    assert calls == []


@pytest.mark.parametrize(
    "kind",
    [
        dict(kernel_size=1),
        dict(kernel_size=3),
        dict(kernel_size=3, padding=1, stride=2),
        dict(kernel_size=3, padding=2, dilation=2),
        dict(kernel_size=3, padding=1, groups=2),
        dict(kernel_size=3, padding=1, padding_mode="circular"),
    ],
)
def test_other_kernels_go_the_direct_way(calls, kind):
    fast, plain = winograd(4, 6, **kind)
    x = torch.randn(1, 4, 10, 10)
    assert torch.equal(fast(x), plain(x))
    assert calls == []


def test_lower_precision_goes_the_direct_way(calls):
    (fast, _), x = winograd(4, 4, 3, padding=1), torch.randn(1, 4, 8, 8)
    with torch.autocast("cpu", torch.bfloat16):
        assert fast(x).dtype == torch.bfloat16
    assert fast.bfloat16()(x.bfloat16()).dtype == torch.bfloat16
    assert calls == []


def test_an_exported_net_holds_the_plain_convolution():
    (fast, _), x = winograd(4, 4, 3, padding=1), torch.randn(1, 4, 8, 8)
    exported = torch.export.export(fast, (x,))
    calls = [node.target for node in exported.graph.nodes if node.op == "call_function"]
    assert calls == [torch.ops.aten.conv2d.default]
    assert "winograd_conv2d" not in str(torch.jit.trace(fast, x).graph)


# --- row by row ---


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("size", [(1, 1), (2, 9), (7, 7), (12, 16)], ids=str)
@pytest.mark.parametrize(("side", "padding"), [(7, 3), (6, 3), (3, 1), (1, 0), (7, 0)])
def test_values_by_rows(calls, side, padding, size, batch):
    fast, plain = rows(side, padding)
    x = torch.randn(batch, 5, *(length + (side - 1 if padding == 0 else 0) for length in size))
    with torch.inference_mode():
        found, expected = fast(x), plain(x)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
    assert found.is_contiguous(memory_format=torch.channels_last)
    assert calls == [tuple(x.shape)]


def test_a_map_smaller_than_an_unpadded_kernel_fails_as_torchs_does():
    for layer in rows(7, 0):
        with torch.no_grad(), pytest.raises(RuntimeError):
            layer(torch.randn(1, 5, 4, 9))


@pytest.mark.parametrize("options", [dict(dilation=2), dict(stride=2), dict(bias=False)])
def test_other_kernels_go_the_plain_way(calls, options):
    fast, plain = rows(3, 1, **options)
    x = torch.randn(1, 5, 9, 9)
    with torch.inference_mode():
        torch.testing.assert_close(fast(x), plain(x))
    assert calls == []


def test_lower_precision_goes_the_plain_way(calls):
    (fast, _), x = rows(), torch.randn(1, 5, 9, 9)
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        assert fast(x).dtype == torch.bfloat16
    with torch.inference_mode():
        assert fast.bfloat16()(x.bfloat16()).dtype == torch.bfloat16
        # kernels in another layout
        rows()[0].to(memory_format=torch.contiguous_format)(torch.randn(1, 5, 9, 9))
    assert calls == []


def test_gradients_by_rows(calls):
    fast, plain = rows()
    for layer in (fast, plain):
        layer(torch.ones(2, 5, 4, 6)).square().sum().backward()
    assert calls == [(2, 5, 4, 6)]
    torch.testing.assert_close(fast.weight.grad, plain.weight.grad, rtol=1e-4, atol=1e-4)
    assert fast.weight.grad.stride() == fast.weight.stride()  # else torch copies the gradient
