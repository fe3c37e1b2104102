"""Kernels of other files: which are the fixed bilinear ones, and which keep the classes apart."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from fcn_plugin.layers.bilinear import bilinear_kernel
from fcn_plugin.weights.kernels import dense as from_grouped
from fcn_plugin.weights.kernels import is_bilinear, per_class

# by hand: 1 - |i - 1.5| / 2 along an axis
RAMP = torch.tensor([0.25, 0.75, 0.75, 0.25])
PLANE = RAMP[:, None] * RAMP


def dense(*planes):
    """(C, C, k, k) with a plane per class and zeros between classes, entry by entry."""
    kernel = torch.zeros(len(planes), len(planes), *planes[0].shape)
    for i, plane in enumerate(planes):
        kernel[i, i] = plane
    return kernel


def grouped(*planes):
    return torch.stack(planes)[:, None]


FORMS = pytest.mark.parametrize("form", [dense, grouped])


@FORMS
@pytest.mark.parametrize("classes", [1, 2, 21])
def test_the_bilinear_kernel(form, classes):
    assert is_bilinear(form(*[PLANE] * classes))


@given(size=st.integers(1, 64), classes=st.integers(1, 4), form=st.sampled_from([dense, grouped]))
def test_of_every_size(size, classes, form):
    # the authors' formula, in double precision, rounded once
    factor = (size + 1) // 2
    centre = factor - 1 if size % 2 else factor - 0.5
    ramp = torch.tensor([1 - abs(i - centre) / factor for i in range(size)], dtype=torch.float64)
    assert is_bilinear(form(*[torch.outer(ramp, ramp).float()] * classes))


@given(size=st.integers(1, 6), classes=st.integers(1, 4), seed=st.integers(0, 99))
def test_dense_and_grouped_hold_the_same(size, classes, seed):
    planes = torch.randn(classes, size, size, generator=torch.Generator().manual_seed(seed))
    assert torch.equal(per_class(dense(*planes)), grouped(*planes))
    assert torch.equal(per_class(grouped(*planes)), grouped(*planes))


@given(size=st.integers(1, 6), classes=st.integers(1, 4), seed=st.integers(0, 99))
def test_a_dense_kernel_of_a_grouped_one(size, classes, seed):
    planes = torch.randn(classes, size, size, generator=torch.Generator().manual_seed(seed))
    assert torch.equal(from_grouped(grouped(*planes)), dense(*planes))


def test_a_grouped_kernel_comes_back_itself():
    kernel = grouped(PLANE, 2 * PLANE)
    assert per_class(kernel) is kernel


@FORMS
def test_a_kernel_scaled_in_one_class_was_learned(form):
    kernel = form(PLANE, PLANE, 1.001 * PLANE)
    assert not is_bilinear(kernel)
    assert torch.equal(per_class(kernel)[:, 0], torch.stack([PLANE, PLANE, 1.001 * PLANE]))


@given(row=st.integers(0, 2), column=st.integers(0, 2), value=st.sampled_from([1.0, -0.5, 1e-3, 1e-30, float("nan")]))
def test_one_value_between_two_classes(row, column, value):
    kernel = dense(PLANE, PLANE, PLANE)
    kernel[row, column, 3, 0] += value
    if row != column:
        assert per_class(kernel) is None
        assert not is_bilinear(kernel)
    else:
        torch.testing.assert_close(per_class(kernel)[row, 0], kernel[row, row], equal_nan=True, rtol=0, atol=0)
        assert is_bilinear(kernel) == (value == 1e-30)  # lost in rounding


@FORMS
def test_rounding_of_other_programs_is_no_difference(form):
    noise = torch.tensor([1e-7, -1e-7]).repeat(8).view(4, 4)
    assert is_bilinear(form(PLANE + noise, PLANE - noise))
    assert not is_bilinear(form(PLANE + 100 * noise, PLANE))


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.bfloat16], ids=str)
def test_of_another_precision(dtype):
    assert is_bilinear(dense(PLANE, PLANE).to(dtype))


def test_the_largest_kernel_in_half_precision():
    assert is_bilinear(dense(bilinear_kernel(64), bilinear_kernel(64)).half())


def test_kernels_from_some_classes_to_others_are_not_per_class():
    kernel = torch.zeros(3, 2, 4, 4)
    kernel[0, 0] = kernel[1, 1] = PLANE
    assert per_class(kernel) is None
    assert not is_bilinear(kernel)
    assert not is_bilinear(kernel.transpose(0, 1))


@FORMS
def test_zeros_and_another_ramp_are_not_bilinear(form):
    assert not is_bilinear(form(torch.zeros(4, 4), torch.zeros(4, 4)))
    # odd formula on an even kernel
    ramp = 1 - (torch.arange(4) - 1).abs() / 2
    assert not is_bilinear(form(torch.outer(ramp, ramp)))


@pytest.mark.parametrize("shape", [(), (3,), (3, 3, 4, 8), (3, 1, 2, 4)])
def test_what_is_no_square_kernel_is_not_bilinear(shape):
    assert not is_bilinear(torch.zeros(shape))
