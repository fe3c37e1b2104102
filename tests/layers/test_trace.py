"""Maps read off running nets: every kind of branch, no trace left, agreement with gradients."""

from fractions import Fraction

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from support.refusals import refused
from torch import nn

from fcn_plugin.layers.coord_map import CoordMap
from fcn_plugin.layers.trace import trace_coord_maps


class Call(nn.Module):
    """A module around a function of the image and of further modules."""

    def __init__(self, function, *modules):
        super().__init__()
        self.function, self.parts = function, nn.ModuleList(modules)

    def forward(self, x):
        return self.function(x, *self.parts)


def trace(*modules, **kwargs):
    """(scale, shift) of the only output."""
    (grid,) = trace_coord_maps(modules, size=64, **kwargs)
    return grid.scale, grid.shift


def test_a_chain():
    net = nn.Sequential(nn.Conv2d(3, 4, 7, 2, 3), nn.BatchNorm2d(4), nn.ReLU(inplace=True), nn.MaxPool2d(2))
    assert trace(net) == (4, 1)


def test_modules_follow_each_other_and_return_several_maps():
    first = nn.Conv2d(3, 4, 2, 2)
    both = Call(lambda x, conv: (conv(x), x), nn.Conv2d(4, 4, 3, 2, 1))
    assert trace_coord_maps([first, both], size=64) == [CoordMap(4, Fraction(1, 2)), CoordMap(2, Fraction(1, 2))]


def test_the_image_may_be_padded_before():
    assert trace(nn.Conv2d(1, 1, 3, 1, 1), image=CoordMap().pad(99), channels=1) == (1, -99)


def test_residual_and_concatenated_branches():
    assert trace(nn.Conv2d(3, 4, 3, 2, 1), Call(lambda x, conv: x + conv(x), nn.Conv2d(4, 4, 3, padding=1))) == (2, 0)
    branches = Call(lambda x, a, b: torch.cat([a(x), b(x)], 1), nn.Conv2d(3, 4, 3, 2), nn.Conv2d(3, 2, 5, 2, 1))
    assert trace(branches) == (2, 1)


@pytest.mark.parametrize("squeeze", [nn.AdaptiveAvgPool2d(1), nn.AdaptiveMaxPool2d(1)])
def test_a_gate_of_one_pixel_has_no_place(squeeze):
    gate = Call(lambda x, pool, conv: x * torch.sigmoid(conv(pool(x))), squeeze, nn.Conv2d(4, 4, 1))
    assert trace(nn.Conv2d(3, 4, 2, 2), gate) == (2, Fraction(1, 2))


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        ([Call(lambda x: F.pad(x, (3, 7, 3, 1))), nn.Conv2d(3, 1, 1, 2)], (2, -3)),  # top and left count
        *(([pool(3, 2, padding=1)], (2, 0)) for pool in (nn.MaxPool2d, nn.AvgPool2d)),
        *(([pool(3, 2, ceil_mode=True)], (2, 1)) for pool in (nn.MaxPool2d, nn.AvgPool2d)),
        *(([pool(2)], (2, Fraction(1, 2))) for pool in (nn.MaxPool2d, nn.AvgPool2d)),
        ([nn.Conv2d(3, 1, 3, dilation=3)], (1, 3)),
        ([nn.MaxPool2d(3, 1, dilation=3)], (1, 3)),
        ([nn.Conv2d(3, 1, 4, 4), nn.ConvTranspose2d(1, 1, 4, 2)], (2, Fraction(-3, 2))),
    ],
)
def test_layers_by_hand(layers, expected):
    assert trace(*layers) == expected


def test_unpooling_goes_back_to_the_map_before_the_pool():
    def there_and_back(x, pool, conv, unpool):
        pooled, places = pool(x)
        return unpool(conv(pooled), places)

    parts = (nn.MaxPool2d(2, return_indices=True), nn.Conv2d(4, 4, 3, padding=1), nn.MaxUnpool2d(2))
    before, net = nn.Conv2d(3, 4, 2, 2), Call(there_and_back, *parts)
    (grid,) = trace_coord_maps([before, net], size=64)
    assert (grid.scale, grid.shift) == (2, Fraction(1, 2))
    assert grid.reach == Fraction(1, 2) + 1 + 4 + 1  # 2 x 2 of the image, windows of 2 at stride 2, 3 x 3 at stride 4


def test_indices_of_another_place_raise():
    def shifted(x, pool):
        _, places = pool(x)
        values, _ = pool(F.pad(x, (2, -2, 2, -2)))
        return F.max_unpool2d(values, places, 2)

    with refused("geometry", "branches"):
        trace(Call(shifted, nn.MaxPool2d(2, return_indices=True)))


def test_branches_on_different_grids_raise():
    moved = Call(lambda x: x + F.pad(x, (1, -1, 1, -1)))
    with refused("geometry", "branches"):
        trace(moved)


@pytest.mark.parametrize("layer", [nn.Conv2d(3, 1, (3, 1)), nn.Conv2d(3, 1, 1, (2, 1)), nn.MaxPool2d(3, 1, (1, 0))])
def test_unequal_axes_raise(layer):
    with refused("geometry", "axes"):
        trace(layer)


def test_an_output_that_cannot_be_placed_raises():
    with refused("geometry", "output 0 of shape (1, 3, 128, 128)"):
        trace(Call(lambda x: F.interpolate(x, scale_factor=2.0, mode="bilinear")))


def test_the_net_is_left_as_it_was():
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Dropout(), nn.Conv2d(4, 2, 3)).train()
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    random = torch.random.get_rng_state()
    trace(net)
    assert torch.equal(torch.random.get_rng_state(), random)
    assert net.training
    assert all(tensor.device.type == "cpu" for tensor in net.state_dict().values())
    assert all(torch.equal(tensor, before[name]) for name, tensor in net.state_dict().items())
    assert all(p.grad is None and p.requires_grad for p in net.parameters())


layers = st.builds(
    lambda pool, kernel, stride, padding, dilation: (
        nn.AvgPool2d(kernel, stride, min(padding, kernel // 2))
        if pool
        else nn.Conv2d(1, 1, kernel, stride, padding, dilation)
    ),
    st.booleans(),
    st.integers(1, 4),
    st.integers(1, 3),
    st.integers(0, 2),
    st.integers(1, 2),
)


@settings(max_examples=30)
@given(st.lists(layers, min_size=1, max_size=3))
def test_the_middle_of_the_pixels_that_an_output_sees(chain):
    net = nn.Sequential(*chain)
    for p in net.parameters():
        nn.init.ones_(p)
    image = torch.ones(1, 1, 161, 161, requires_grad=True)
    output = net(image)
    pixel = output.shape[-1] // 2
    output[0, 0, pixel, pixel].backward()
    seen = image.grad[0, 0].nonzero()
    scale, shift = trace(net, channels=1)
    middle = [Fraction(side, 2) for side in (seen.amin(0) + seen.amax(0)).tolist()]
    assert middle == [scale * pixel + shift] * 2


def test_a_sum_sees_what_its_wider_branch_sees():
    wide = nn.Sequential(nn.Conv2d(3, 3, 5, padding=2), nn.Conv2d(3, 3, 3, padding=1))
    (grid,) = trace_coord_maps([Call(lambda x, branch: x + branch(x), wide)])
    assert grid.reach == 3


def test_a_net_that_changes_the_size_of_odd_maps_raises():
    even = Call(
        lambda x, pool, conv: conv(F.pad(pool(x), [0, pool(x).shape[-1] % 2] * 2)), nn.MaxPool2d(32), nn.Conv2d(3, 1, 1)
    )
    with refused("geometry", "stride 32", "side is 2 for images of 64 px and 4 for 96 px"):
        trace(even)


def test_padding_that_depends_on_the_size_has_no_place_at_any_size():
    same = Call(lambda x, conv: conv(F.pad(x, [-x.shape[-1] % 2, 0] * 2)), nn.Conv2d(3, 1, 2, 2))
    assert trace(same) == (2, Fraction(1, 2))
    assert trace(nn.Conv2d(3, 1, 2, 2), any_size=True) == (2, Fraction(1, 2))
    with refused("geometry", "depends on the image size", "aligned"):
        trace(same, any_size=True)


def test_a_net_of_one_size_raises():
    with refused("geometry", "64 x 64 px"):
        trace(Call(lambda x: x.view(1, 3, 63, -1)))
