"""The row-wise convolution computes what the direct one does: outputs and gradients, for any size of map and kernel."""

import pytest
import torch
import torch.nn.functional as F

from fcn_plugin.layers.rows import row_conv2d, row_conv2d_input_gradient, row_conv2d_weight_gradient

CHANNELS_LAST = torch.channels_last


def tensors(height, width, side, batch=2):
    """Input (N, 3, H, W), kernels (5, 3, k, k) and biases that want gradients."""
    shapes = (batch, 3, height, width), (5, 3, side, side)
    given = [torch.randn(shape, dtype=torch.float64).contiguous(memory_format=CHANNELS_LAST) for shape in shapes]
    return [tensor.requires_grad_() for tensor in (*given, torch.randn(5, dtype=torch.float64))]


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize(("side", "padding"), [(7, 3), (6, 3), (3, 1), (1, 0), (3, 0)])
@pytest.mark.parametrize("size", [(1, 1), (2, 5), (7, 6)], ids=str)
def test_outputs_and_gradients(size, side, padding, batch):
    given = tensors(*(length + (side - 1 if padding == 0 else 0) for length in size), side, batch)
    found, expected = row_conv2d(*given, padding), F.conv2d(*given, padding=padding)
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)
    back = torch.randn_like(expected)
    for a, b in zip(torch.autograd.grad(found, given, back), torch.autograd.grad(expected, given, back), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-12, atol=1e-12)


def test_gradients_by_differences():
    assert torch.autograd.gradcheck(lambda *given: row_conv2d(*given, 1), tensors(3, 2, 3, batch=1))


@pytest.mark.parametrize("wanted", [(0,), (1,), (2,)])
def test_gradients_of_a_part(wanted):
    given = [tensor.detach().requires_grad_(i in wanted) for i, tensor in enumerate(tensors(4, 5, 3))]
    row_conv2d(*given, 1).sum().backward()
    assert [i for i, tensor in enumerate(given) if tensor.grad is not None] == [*wanted]


def test_an_inplace_relu_behind_it():
    given = tensors(4, 5, 3, batch=1)
    found, expected = (F.relu(y, inplace=True) for y in (row_conv2d(*given, 1), F.conv2d(*given, padding=1)))
    for a, b in zip(torch.autograd.grad(found.sum(), given), torch.autograd.grad(expected.sum(), given), strict=True):
        torch.testing.assert_close(a, b)


def test_torch_knows_the_operators():
    x, weight, bias = tensors(4, 6, 6)
    torch.library.opcheck(row_conv2d, (x, weight, bias, 3))
    x, weight, gradient = x.detach(), weight.detach(), torch.randn(2, 5, 5, 7, dtype=torch.float64)
    torch.library.opcheck(row_conv2d_input_gradient, (gradient, weight, 3))
    torch.library.opcheck(row_conv2d_weight_gradient, (x, gradient, 6, 3))
