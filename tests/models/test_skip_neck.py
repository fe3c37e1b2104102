"""The convolutionalised classifier: which streams come out, on which grid, with which values."""

import pytest
import torch
from support.refusals import refused
from torch import nn

from fcn_plugin.layers.coord_map import CoordMap
from fcn_plugin.models.necks.skip_neck import FCNSkipNeck
from fcn_plugin.models.necks.unpool_neck import FCNUnpoolNeck


def pools(side=4):
    """(pool3, pool4, pool5) with 2, 3 and 5 channels; pool5 is side x side."""
    return tuple(torch.randn(1, c, f * side, f * side) for c, f in ((2, 4), (3, 2), (5, 1)))


def neck(**kwargs):
    one = FCNSkipNeck(in_channels=(2, 3, 5), fc_channels=6, **kwargs)
    one.init_weights()
    return one.eval()


def test_streams_come_deepest_first_and_skips_pass_untouched():
    pool3, pool4, pool5 = pools()
    fc7, second, third = neck()((pool3, pool4, pool5))
    assert second is pool4 and third is pool3
    assert fc7.shape == (1, 6, 4, 4)


@pytest.mark.parametrize(("geometry", "kernel", "size"), [("aligned", 7, 8), ("reference", 7, 2), ("reference", 6, 3)])
def test_size_of_fc7(geometry, kernel, size):
    assert neck(geometry=geometry, fc6_kernel=kernel)(pools(8))[0].shape == (1, 6, size, size)
    # aligned, fc7 lies on pool5
    assert CoordMap().down(7, padding=neck().fc6.padding[0]) == CoordMap()


def test_fc7_is_the_fully_connected_classifier():
    one, (*skips, pool5) = neck(geometry="reference"), pools(7)
    hidden = torch.relu(one.fc6.weight.flatten(1) @ pool5.flatten() + one.fc6.bias)
    expected = torch.relu(one.fc7.weight.flatten(1) @ hidden + one.fc7.bias)
    torch.testing.assert_close(one((*skips, pool5))[0].flatten(), expected)


def test_scales_of_the_at_once_nets():
    features, one = pools(), neck()
    plain = one(features)
    one.scales = (1.0, 0.01, 0.0001)
    fc7, pool4, pool3 = one(features)
    assert torch.equal(fc7, plain[0])
    torch.testing.assert_close(pool4, 0.01 * features[1])
    torch.testing.assert_close(pool3, 0.0001 * features[0])


def test_a_scale_for_every_stream():
    with refused("config-value", "scales (1.0, 0.01)", "(256, 512, 512)"):
        FCNSkipNeck((256, 512, 512), fc_channels=1, scales=(1.0, 0.01))


def test_dropout_after_both_layers_only_in_training():
    one = neck(dropout_ratio=0.5)
    for layer in (one.fc6, one.fc7):
        nn.init.zeros_(layer.weight)
        nn.init.ones_(layer.bias)
    features = pools(16)
    assert (one(features)[0] == 1).all()
    values, counts = one.train()(features)[0].unique(return_counts=True)
    assert values.tolist() == [0, 2]  # half of the ones dropped, the others doubled
    assert 0.45 < counts[0] / counts.sum() < 0.55


@pytest.mark.parametrize("side", [1, 2, 3])
def test_gradients_of_small_maps(side):
    """bf16 on CPU, after memory has held NaN: what a fault of oneDNN's reads must not reach the weights."""
    neck = FCNSkipNeck(in_channels=(8, 16, 512), fc_channels=8).train()
    for _ in range(10):
        dtypes = (torch.float32, torch.bfloat16)
        used = [torch.full((2**n,), float("nan"), dtype=dtype) for n in range(6, 19) for dtype in dtypes]
        del used
        skips = [torch.rand(2, channels, 4 * side, 4 * side) for channels in (8, 16)]
        x = torch.rand(2, 512, side, side).to(memory_format=torch.channels_last).requires_grad_()
        with torch.autocast("cpu", torch.bfloat16):
            fc7, *_ = neck([*skips, x])
        fc7.float().sum().backward()
        assert neck.fc6.weight.grad.isfinite().all()
        neck.zero_grad()


@pytest.mark.parametrize("net", [FCNSkipNeck, FCNUnpoolNeck])
def test_channels_left_auto_outside_an_fcn(net):
    with refused("config-value", "neck.in_channels is 'auto'", "model.type='FCN'"):
        net(in_channels="auto")
