"""Winograd's convolution computes what the direct one does: outputs and gradients, any size, in strips and at once."""

import pytest
import torch
import torch.nn.functional as F

from fcn_plugin.layers import winograd
from fcn_plugin.layers.winograd import winograd_conv2d

SIZES = [(1, 1), (1, 9), (3, 2), (4, 4), (9, 14), (23, 17)]


def tensors(height, width, dtype=torch.float64, batch=2):
    """Input (N, 3, H, W), kernels (5, 3, 3, 3) and biases that want gradients."""
    shapes = (batch, 3, height, width), (5, 3, 3, 3), (5,)
    return [torch.randn(shape, dtype=dtype, requires_grad=True) for shape in shapes]


@pytest.mark.parametrize("strip", [1, 20_000, 8 << 20])
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_outputs_and_gradients(size, strip, monkeypatch):
    monkeypatch.setattr(winograd, "STRIP_BYTES", strip)
    given = tensors(*size, batch=3)
    found, expected = winograd_conv2d(*given), F.conv2d(*given, padding=1)
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)
    back = torch.randn_like(expected)
    for a, b in zip(torch.autograd.grad(found, given, back), torch.autograd.grad(expected, given, back), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-12, atol=1e-12)


def test_strips_are_what_is_tested(monkeypatch):
    """The smallest strip takes several rows and images apart, the largest takes all at once."""
    counts = []
    for strip in (1, 8 << 20):
        monkeypatch.setattr(winograd, "STRIP_BYTES", strip)
        counts.append(len(list(winograd._Tiles(tensors(23, 17, batch=3)[0], 5, border=1).strips())))
    assert counts[0] > 3 and counts[1] == 1


def test_the_kernels_gradient_alone():
    given = tensors(9, 14)
    found, expected = winograd_conv2d(*given, True), F.conv2d(*given, padding=1)
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)
    back = torch.randn_like(expected)
    for a, b in zip(torch.autograd.grad(found, given, back), torch.autograd.grad(expected, given, back), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("wanted", [(0,), (1,), (2,), (0, 2)])
def test_gradients_of_a_part(wanted):
    given = [t.requires_grad_(i in wanted) for i, t in enumerate(tensors(6, 7))]
    asked = [given[i] for i in wanted]
    found = torch.autograd.grad(winograd_conv2d(*given).sum(), asked)
    expected = torch.autograd.grad(F.conv2d(*given, padding=1).sum(), asked)
    for a, b in zip(found, expected, strict=True):
        torch.testing.assert_close(a, b)


def test_no_bias_and_channels_last():
    x, weight, _ = tensors(5, 6)
    found = winograd_conv2d(x, weight, None)
    torch.testing.assert_close(found, F.conv2d(x, weight, padding=1))
    assert found.is_contiguous(memory_format=torch.channels_last)


def test_rounding_in_float32():
    """The direct sum's own error is about 1e-6 of the largest value."""
    x, weight, bias = torch.randn(1, 256, 24, 32), torch.randn(128, 256, 3, 3), torch.randn(128)
    exact = F.conv2d(x.double(), weight.double(), bias.double(), padding=1)
    error = (winograd_conv2d(x, weight, bias) - exact).abs().max() / exact.abs().max()
    assert error < 3e-5


def test_an_inplace_relu_behind_it():
    given = tensors(6, 7)
    found, expected = (F.relu(y, inplace=True) for y in (winograd_conv2d(*given), F.conv2d(*given, padding=1)))
    for a, b in zip(torch.autograd.grad(found.sum(), given), torch.autograd.grad(expected.sum(), given), strict=True):
        torch.testing.assert_close(a, b)


def test_torch_knows_the_operator():
    """Shapes without data, autograd, and what ``torch.compile`` assumes of an operator."""
    torch.library.opcheck(winograd_conv2d, tensors(6, 9))
    torch.library.opcheck(winograd_conv2d, (*tensors(6, 9), True))
