"""Crops start where they should, and never reach beyond the map."""

import pytest
import torch

from fcn_plugin.layers.crop import crop


def test_rows_and_columns_from_the_offset():
    x = torch.arange(30).reshape(1, 1, 5, 6)
    assert crop(x, 2, (2, 3)).tolist() == [[[[14, 15, 16], [20, 21, 22]]]]


def test_a_view_not_a_copy():
    x = torch.zeros(2, 3, 4, 4)
    crop(x, 1, (1, 1)).fill_(1)
    assert x[..., 1, 1].sum() == 6
    assert x.sum() == 6


def test_a_crop_may_reach_the_border():
    assert crop(torch.zeros(1, 1, 5, 6), 2, (3, 4)).shape == (1, 1, 3, 4)


@pytest.mark.parametrize("size", [(4, 1), (1, 5)])
def test_a_crop_beyond_the_border_raises(size):
    with pytest.raises(ValueError, match=r"at offset 2 does not fit into a map of \(5, 6\)"):
        crop(torch.zeros(1, 1, 5, 6), 2, size)
