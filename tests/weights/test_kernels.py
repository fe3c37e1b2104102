"""Kernels of other files: the fixed bilinear ones, those that keep the classes apart, and the entries that narrower layers keep."""

import itertools
from fractions import Fraction

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from fcn_plugin.layers.bilinear import bilinear_kernel
from fcn_plugin.models.necks.skip_neck import FCNSkipNeck
from fcn_plugin.weights.kernels import dense as from_grouped
from fcn_plugin.weights.kernels import is_bilinear, per_class, subsample

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
    assert torch.equal(from_grouped(grouped(*planes)), dense(*planes))
    kernel = grouped(*planes)
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
@pytest.mark.parametrize("size", [4, 64])
def test_of_another_precision(dtype, size):
    assert is_bilinear(dense(bilinear_kernel(size), bilinear_kernel(size)).to(dtype))


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


# ---- narrower layers


def kept(have, want):
    """Which of ``have`` entries stay."""
    return subsample(torch.arange(have), (want,)).tolist()


@pytest.mark.parametrize(
    ("have", "want", "expected"),
    [
        (7, 3, [0, 3, 6]),
        (7, 4, [0, 2, 4, 6]),
        (7, 2, [0, 6]),
        (7, 7, [0, 1, 2, 3, 4, 5, 6]),
        (5, 3, [0, 2, 4]),
        (10, 4, [0, 3, 6, 9]),
        (1, 1, [0]),
        (7, 1, [3]),
    ],
)
def test_by_hand(have, want, expected):
    assert kept(have, want) == expected


def test_1024_of_4096_channels():
    entries = kept(4096, 1024)
    assert entries[:3] == [0, 4, 8]
    assert entries[-2:] == [4091, 4095]
    # 1023 steps of 4 or 5 make 4095
    steps = [b - a for a, b in itertools.pairwise(entries)]
    assert {step: steps.count(step) for step in set(steps)} == {4: 1020, 5: 3}


@given(st.integers(2, 300), st.data())
def test_first_and_last_stay_and_the_others_lie_evenly_between(have, data):
    want = data.draw(st.integers(2, have))
    entries = kept(have, want)
    assert len(entries) == want
    assert (entries[0], entries[-1]) == (0, have - 1)
    assert entries == sorted(set(entries))
    assert all(abs(entry - Fraction(i * (have - 1), want - 1)) <= Fraction(1, 2) for i, entry in enumerate(entries))


@given(st.lists(st.tuples(st.integers(1, 6), st.integers(1, 6)), min_size=1, max_size=4))
def test_axes_are_taken_one_by_one(sides):
    shape, want = ([max(a, b) for a, b in sides], [min(a, b) for a, b in sides])
    source = torch.arange(torch.Size(shape).numel()).view(shape)
    found = subsample(source, want)
    entries = [kept(have, few) for have, few in zip(shape, want, strict=True)]
    assert torch.equal(found, source[torch.meshgrid(*map(torch.tensor, entries), indexing="ij")])


@pytest.mark.parametrize(
    ("have", "want", "can"),
    [
        ((4, 3), (4, 3), True),
        ((4, 3), (2, 3), True),
        ((4, 3), (1, 1), True),
        ((4, 3), (5, 1), False),
        ((4, 3), (4,), False),
        ((4, 3), (4, 3, 1), False),
        ((4, 4), (2,), False),
        ((), (), True),
    ],
)
def test_only_smaller_shapes_of_as_many_axes_can_be_had(have, want, can):
    found = subsample(torch.zeros(have), want)
    assert found.shape == want if can else found is None


def narrow_fc6(geometry, whole, side, dilation):
    """An fc6 of (5, 2, side, side) with some taps of the whole one and no bias, and 7 x 7 ones where it has taps."""
    neck = FCNSkipNeck((2,), 5, side, dilation, scales=(1,), geometry=geometry, dropout_ratio=0)
    with torch.no_grad():
        neck.fc6.weight.copy_(subsample(whole, (5, 2, side, side)))
        neck.fc6.bias.zero_()
    seen = torch.zeros(7, 7)
    seen[::dilation, ::dilation] = 1
    return neck.fc6, seen


@pytest.mark.parametrize(("side", "dilation"), [(3, 3), (4, 2)])
def test_a_dilated_fc6_uses_exactly_the_taps_of_the_whole_one(side, dilation):
    whole, window = torch.randn(5, 2, 7, 7), torch.randn(1, 2, 7, 7)
    small, seen = narrow_fc6("reference", whole, side, dilation)
    found = small(window)
    assert found.shape == (1, 5, 1, 1)
    torch.testing.assert_close(found, F.conv2d(window, whole * seen))
    # and nothing else of the window
    torch.testing.assert_close(small(window * seen + 100 * torch.randn(7, 7) * (1 - seen)), found)


def test_a_dilated_fc6_lies_on_the_whole_one_everywhere():
    whole, pool5 = torch.randn(5, 2, 7, 7), torch.randn(1, 2, 9, 11)
    small, seen = narrow_fc6("aligned", whole, 3, 3)
    torch.testing.assert_close(small(pool5), F.conv2d(pool5, whole * seen, padding=3))


def test_fc7_listens_to_the_channels_of_fc6_that_stayed():
    fc6, fc7, x = torch.randn(16, 10), torch.randn(16, 16), torch.randn(10)
    stay = torch.tensor(kept(16, 6))
    small = subsample(fc7, (6, 6)) @ torch.relu(subsample(fc6, (6, 10)) @ x)
    mute = torch.zeros(16)
    mute[stay] = 1
    torch.testing.assert_close(small, (fc7 @ (torch.relu(fc6 @ x) * mute))[stay])
