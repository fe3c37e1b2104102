"""Narrower layers out of wide ones: which entries stay, and that fc6's taps stay where they were."""

import itertools
from fractions import Fraction

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from fcn_plugin.models.skip_neck import FCNSkipNeck
from fcn_plugin.weights.subsample import can_subsample, subsample


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


def test_a_wider_shape_takes_all():
    source = torch.randn(3, 4)
    assert torch.equal(subsample(source, (5, 4)), source)


def test_another_number_of_axes_is_an_error():
    with pytest.raises(ValueError, match="zip"):
        subsample(torch.zeros(4, 4), (2,))


@pytest.mark.parametrize(
    ("have", "want", "can"),
    [
        ((4, 3), (4, 3), True),
        ((4, 3), (2, 3), True),
        ((4, 3), (1, 1), True),
        ((4, 3), (5, 1), False),
        ((4, 3), (4,), False),
        ((4, 3), (4, 3, 1), False),
        ((4, 3), None, False),
        ((), (), True),
    ],
)
def test_only_smaller_shapes_of_as_many_axes_can_be_had(have, want, can):
    assert can_subsample(torch.zeros(have), want) is can
    if can:
        assert subsample(torch.zeros(have), want).shape == want


def test_the_only_tap_is_the_middle_one():
    assert kept(7, 1) == [3]


def neck(geometry, **kwargs):
    return FCNSkipNeck((2,), scales=(1,), geometry=geometry, dropout_ratio=0, **kwargs)


@pytest.mark.parametrize(("side", "taps"), [(3, [0, 3, 6]), (4, [0, 2, 4, 6])])
def test_a_dilated_fc6_uses_exactly_the_taps_of_the_whole_one(side, taps):
    whole = torch.randn(5, 2, 7, 7)
    small = neck("reference", fc_channels=5, fc6_kernel=side, fc6_dilation=6 // (side - 1)).fc6
    with torch.no_grad():
        small.weight.copy_(subsample(whole, (5, 2, side, side)))
        small.bias.zero_()
    window = torch.randn(1, 2, 7, 7)
    seen = torch.zeros(7, 7)
    seen[torch.tensor(taps)[:, None], torch.tensor(taps)] = 1
    found = small(window)
    assert found.shape == (1, 5, 1, 1)
    torch.testing.assert_close(found, F.conv2d(window, whole * seen))
    # and nothing else of the window
    torch.testing.assert_close(small(window * seen + 100 * torch.randn(7, 7) * (1 - seen)), found)


def test_a_dilated_fc6_lies_on_the_whole_one_everywhere():
    whole, pool5 = torch.randn(5, 2, 7, 7), torch.randn(1, 2, 9, 11)
    small = neck("aligned", fc_channels=5, fc6_kernel=3, fc6_dilation=3).fc6
    with torch.no_grad():
        small.weight.copy_(subsample(whole, (5, 2, 3, 3)))
        small.bias.zero_()
    seen = torch.zeros(7, 7)
    seen[::3, ::3] = 1
    torch.testing.assert_close(small(pool5), F.conv2d(pool5, whole * seen, padding=3))


def test_fc7_listens_to_the_channels_of_fc6_that_stayed():
    fc6, fc7, x = torch.randn(16, 10), torch.randn(16, 16), torch.randn(10)
    stay = torch.tensor(kept(16, 6))
    small = subsample(fc7, (6, 6)) @ torch.relu(subsample(fc6, (6, 10)) @ x)
    mute = torch.zeros(16)
    mute[stay] = 1
    torch.testing.assert_close(small, (fc7 @ (torch.relu(fc6 @ x) * mute))[stay])
