"""Operations are counted as those of direct sums, whichever way they are done."""

import pytest
import torch
from support.builders import build_fcn
from torch import nn

from benchmarks.flops import gflop
from fcn_plugin.layers.fast_cpu import RowConv2d, use_fast_convolutions


def test_a_convolution_by_hand():
    layer, x = nn.Conv2d(3, 8, 3, padding=1), torch.randn(2, 3, 10, 12)
    assert gflop(lambda: layer(x)) == pytest.approx(2 * 2 * 10 * 12 * 3 * 8 * 9 / 1e9)


@pytest.mark.parametrize("train", [False, True])
def test_winograd_counts_as_the_direct_sum(train):
    def count(algorithm):
        layer = nn.Conv2d(8, 16, 3, padding=1)
        use_fast_convolutions(layer, algorithm)
        x = torch.randn(2, 8, 10, 12, requires_grad=True)
        return gflop(lambda: layer(x).sum().backward() if train else layer(x))

    assert count("winograd") == count("direct") > 0


def test_rows_count_as_the_direct_sum():
    ours = RowConv2d(8, 16, 7, padding=3).to(memory_format=torch.channels_last)
    x = torch.randn(1, 8, 5, 6)
    with torch.inference_mode():
        assert gflop(lambda: ours(x)) == pytest.approx(2 * 5 * 6 * 8 * 16 * 49 / 1e9)


def test_a_compiled_net_is_counted_too():
    model, image = build_fcn(compile={"backend": "eager"}), torch.randn(1, 3, 64, 64)
    with torch.inference_mode():
        counts = [gflop(lambda net=net: net(image)) for net in (model, build_fcn())]
    assert counts[0] == counts[1] > 0
