"""A convolution row by row computes what the plain one does, and only inference on a CPU in float32 goes that way."""

import pytest
import torch
from torch import nn

from fcn_plugin.layers import row_conv
from fcn_plugin.layers.row_conv import RowConv2d


@pytest.fixture
def calls(monkeypatch):
    """Sizes of what went row by row."""
    seen = []

    def spy(x, *args):
        seen.append(tuple(x.shape))
        return real(x, *args)

    real = row_conv.row_conv2d
    monkeypatch.setattr(row_conv, "row_conv2d", spy)
    return seen


def pair(side=7, padding=3, **kwargs):
    """The layer and torch's, with the same weights."""
    ours = RowConv2d(5, 6, side, padding=padding, **kwargs).to(memory_format=torch.channels_last)
    plain = nn.Conv2d(5, 6, side, padding=padding, **kwargs)
    plain.load_state_dict(ours.state_dict())
    return ours, plain


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("size", [(1, 1), (2, 9), (7, 7), (12, 16)], ids=str)
@pytest.mark.parametrize(("side", "padding"), [(7, 3), (6, 3), (3, 1), (1, 0)])
def test_values(calls, side, padding, size, batch):
    ours, plain = pair(side, padding)
    x = torch.randn(batch, 5, *size)
    with torch.inference_mode():
        found, expected = ours(x), plain(x)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
    assert found.is_contiguous(memory_format=torch.channels_last)
    assert calls == [(batch, 5, *size)]


def test_without_padding(calls):
    ours, plain = pair(7, 0)
    x = torch.randn(2, 5, 9, 11)
    with torch.no_grad():
        torch.testing.assert_close(ours(x), plain(x), rtol=1e-4, atol=1e-5)
    assert calls


def test_a_map_smaller_than_an_unpadded_kernel_fails_as_torchs_does(calls):
    ours, plain = pair(7, 0)
    for layer in (plain, ours):
        with torch.no_grad(), pytest.raises(RuntimeError):
            layer(torch.randn(1, 5, 4, 9))


@pytest.mark.parametrize("options", [dict(dilation=2), dict(stride=2), dict(bias=False)])
def test_other_kernels_go_the_plain_way(calls, options):
    ours, plain = pair(3, 1, **options)
    x = torch.randn(1, 5, 9, 9)
    with torch.inference_mode():
        torch.testing.assert_close(ours(x), plain(x))
    assert calls == []


def test_training_and_lower_precision_go_the_plain_way(calls):
    ours, _ = pair()
    x = torch.randn(1, 5, 9, 9)
    ours(x).sum().backward()
    assert ours.weight.grad.isfinite().all()
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        assert ours(x).dtype == torch.bfloat16
    with torch.inference_mode():
        assert ours.bfloat16()(x.bfloat16()).dtype == torch.bfloat16
    assert calls == []


def test_kernels_in_another_layout_go_the_plain_way(calls):
    with torch.inference_mode():
        RowConv2d(5, 6, 7, padding=3)(torch.randn(1, 5, 9, 9))
    assert calls == []


def test_torch_knows_the_operator():
    ours, _ = pair(6, 3)
    given = (torch.randn(2, 5, 4, 6), ours.weight.detach(), ours.bias.detach(), 3)
    torch.library.opcheck(row_conv.row_conv2d, given)
