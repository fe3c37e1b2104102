"""The layer: when it takes Winograd's way, when the direct one, and that nobody else sees a difference."""

import pytest
import torch
from torch import nn

from fcn_plugin.layers import winograd_conv
from fcn_plugin.layers.winograd_conv import WinogradConv2d


@pytest.fixture
def calls(monkeypatch):
    """Sizes of what went Winograd's way."""
    seen = []

    def spy(x, weight, bias):
        seen.append(tuple(x.shape))
        return real(x, weight, bias)

    real = winograd_conv.winograd_conv2d
    monkeypatch.setattr(winograd_conv, "winograd_conv2d", spy)
    return seen


def cpu_with(monkeypatch, capability):
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: capability)


def test_parameters_are_those_of_a_convolution():
    torch.manual_seed(0)
    ours = WinogradConv2d(3, 4, 3, padding=1, algorithm="winograd")
    torch.manual_seed(0)
    plain = nn.Conv2d(3, 4, 3, padding=1)
    plain.load_state_dict(ours.state_dict())
    x = torch.randn(1, 3, 9, 9)
    torch.testing.assert_close(ours(x), plain(x), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("capability", "channels", "side", "taken"),
    [
        ("AVX2", (128, 128), 40, True),
        ("AVX2", (64, 128), 40, False),
        ("AVX2", (128, 64), 40, False),
        ("AVX2", (128, 128), 36, False),
        ("AVX512", (128, 128), 40, False),
        ("DEFAULT", (128, 128), 40, False),
    ],
)
def test_auto(monkeypatch, calls, capability, channels, side, taken):
    cpu_with(monkeypatch, capability)
    with torch.inference_mode():
        WinogradConv2d(*channels, 3, padding=1)(torch.randn(1, channels[0], side, side))
    assert bool(calls) == taken


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
    ours = WinogradConv2d(4, 6, algorithm="winograd", **kind)
    plain = nn.Conv2d(4, 6, **kind)
    plain.load_state_dict(ours.state_dict())
    x = torch.randn(1, 4, 10, 10)
    assert torch.equal(ours(x), plain(x))
    assert calls == []


def test_lower_precision_goes_the_direct_way(calls):
    ours, x = WinogradConv2d(4, 4, 3, padding=1, algorithm="winograd"), torch.randn(1, 4, 8, 8)
    with torch.autocast("cpu", torch.bfloat16):
        assert ours(x).dtype == torch.bfloat16
    assert ours.bfloat16()(x.bfloat16()).dtype == torch.bfloat16
    assert calls == []


def test_direct(monkeypatch, calls):
    cpu_with(monkeypatch, "AVX2")
    WinogradConv2d(128, 128, 3, padding=1, algorithm="direct")(torch.randn(1, 128, 40, 40))
    assert calls == []


def test_an_exported_net_holds_the_plain_convolution():
    ours, x = WinogradConv2d(4, 4, 3, padding=1, algorithm="winograd"), torch.randn(1, 4, 8, 8)
    exported = torch.export.export(ours, (x,))
    assert [node.target for node in exported.graph.nodes if node.op == "call_function"] == [
        torch.ops.aten.conv2d.default
    ]
    traced = torch.jit.trace(ours, x)
    assert "winograd_conv2d" not in str(traced.graph)


def test_an_unknown_algorithm_is_refused():
    with pytest.raises(ValueError, match="algorithm 'fft' is unknown: one of auto, winograd, direct"):
        WinogradConv2d(3, 3, 3, algorithm="fft")
