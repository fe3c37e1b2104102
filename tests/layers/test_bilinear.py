"""Bilinear upsampling: kernels by hand, agreement with interpolation, what a checkpoint holds; crops."""

import pytest
import torch
import torch.nn.functional as F
from support.refusals import refused

from fcn_plugin.layers.bilinear import BilinearUpsample, bilinear_kernel, crop
from fcn_plugin.layers.coord_map import CoordMap


@pytest.mark.parametrize(
    ("size", "ramp"), [(1, [1]), (2, [0.5, 0.5]), (3, [0.5, 1, 0.5]), (4, [0.25, 0.75, 0.75, 0.25])]
)
def test_kernel_by_hand(size, ramp):
    expected = torch.tensor([[a * b for b in ramp] for a in ramp])
    assert torch.equal(bilinear_kernel(size), expected)


@pytest.mark.parametrize(
    ("stride", "kernel", "padding"), [(2, 4, 0), (2, 3, 0), (8, 16, 4), (16, 32, 0), (32, 63, 0), (3, 5, 1)]
)
def test_a_ramp_rises_along_the_coordinate_map(stride, kernel, padding):
    ramp = torch.arange(6.0).expand(1, 1, 6, 6)
    found = BilinearUpsample(1, stride, kernel, padding)(ramp)[0, 0]
    grid = CoordMap().up(kernel, stride, padding)
    place = torch.arange(found.shape[1]) * float(grid.scale) + float(grid.shift)
    inside = (place >= 0) & (place <= 5)
    assert inside.sum() >= 5 * stride
    torch.testing.assert_close(found[found.shape[0] // 2, inside], place[inside])


def test_factor_1_changes_nothing():
    x, layer = torch.randn(1, 2, 3, 4), BilinearUpsample(2, 1)
    assert torch.equal(layer(x), x) and layer(x).data_ptr() == x.data_ptr()
    assert torch.equal(layer.rows(x, 1, 3), x[:, :, 1:])
    assert torch.equal(BilinearUpsample(2, 1, learnable=True)(x), x)


def test_equals_the_dense_kernel_of_the_reference_nets():
    x = torch.randn(1, 3, 4, 5)
    dense = torch.zeros(3, 3, 4, 4)
    dense[range(3), range(3)] = bilinear_kernel(4)
    torch.testing.assert_close(BilinearUpsample(3, 2, padding=0)(x), F.conv_transpose2d(x, dense, stride=2))


def test_unpadded_size_is_that_of_the_reference_nets():
    assert BilinearUpsample(1, 32, padding=0)(torch.zeros(1, 1, 2, 3)).shape == (1, 1, 96, 128)


def test_fixed_kernels_are_no_part_of_training_or_checkpoints():
    layer = BilinearUpsample(2, 2)
    assert list(layer.parameters()) == []
    assert layer.state_dict() == {}
    assert torch.equal(layer.weight, bilinear_kernel(4).expand(2, 1, 4, 4))


def test_learnable_kernels_start_bilinear_get_a_gradient_and_are_restored_by_initialising():
    layer = BilinearUpsample(2, 2, learnable=True)
    assert list(layer.state_dict()) == ["weight"]
    assert torch.equal(layer.weight, bilinear_kernel(4).expand(2, 1, 4, 4))
    layer(torch.ones(1, 2, 3, 3)).sum().backward()
    assert (layer.weight.grad > 0).all()
    torch.nn.init.zeros_(layer.weight)
    layer.init_weights()
    assert torch.equal(layer.weight, bilinear_kernel(4).expand(2, 1, 4, 4))


def test_no_same_padding_for_an_odd_difference():
    with refused("geometry", "kernel 63", "stride 32"):
        BilinearUpsample(1, 32, 63)


@pytest.mark.parametrize("dense", [False, True])
@pytest.mark.parametrize(
    ("stride", "kernel", "padding"), [(2, 4, 1), (8, 16, 4), (16, 32, 0), (32, 63, 16), (32, 63, 0), (8, 15, 7)]
)
def test_some_rows_are_those_of_the_whole(stride, kernel, padding, dense):
    layer, x = BilinearUpsample(3, stride, kernel, padding, dense=dense), torch.randn(2, 3, 5, 4)
    with torch.no_grad():
        layer.weight.copy_(torch.randn_like(layer.weight))
        whole = layer(x)
        for first in range(0, whole.shape[-2], 5):
            for last in {first + 1, min(first + stride + 3, whole.shape[-2]), whole.shape[-2]}:
                torch.testing.assert_close(layer.rows(x, first, last), whole[..., first:last, :], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("first", "last"), [(-1, 2), (2, 2), (3, 17)])
def test_rows_that_are_not_there_are_refused(first, last):
    with refused("geometry", f"rows {first}..{last}", "16 rows"):
        BilinearUpsample(1, 4).rows(torch.zeros(1, 1, 4, 4), first, last)


@pytest.mark.parametrize(("stride", "kernel", "padding"), [(2, 4, 1), (8, 15, 0), (8, 16, 4), (32, 63, 16), (3, 5, 1)])
def test_upsampling_is_a_product_of_two_matrices(stride, kernel, padding):
    layer, x = BilinearUpsample(2, stride, kernel, padding), torch.randn(1, 2, 3, 4)
    rows, columns = layer.axis_matrix(3, 1, layer.output_side(3)), layer.axis_matrix(4, 0, layer.output_side(4) - 1)
    torch.testing.assert_close(rows @ x.double() @ columns.mT, layer(x)[:, :, 1:, :-1].double(), rtol=1e-5, atol=1e-6)
    with refused("geometry", "outside a map"):
        layer.axis_matrix(3, 0, layer.output_side(3) + 1)


def test_a_crop_is_a_view_of_rows_and_columns_from_the_offset():
    x = torch.arange(30).reshape(1, 1, 5, 6)
    assert crop(x, 2, (2, 3)).tolist() == [[[[14, 15, 16], [20, 21, 22]]]]
    assert crop(x, 2, (3, 4)).shape == (1, 1, 3, 4)  # to the border
    x = torch.zeros(2, 3, 4, 4)
    crop(x, 1, (1, 1)).fill_(1)
    assert x[..., 1, 1].sum() == x.sum() == 6


@pytest.mark.parametrize("size", [(4, 1), (1, 5)])
def test_a_crop_beyond_the_border_raises(size):
    with refused("geometry", f"{size} at 2", "(5, 6)"):
        crop(torch.zeros(1, 1, 5, 6), 2, size)
