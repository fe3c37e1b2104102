"""IU of single images, the classes that cost them most, and which images are kept."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fcn_plugin.report.images import SIDE, Examples, ImageCounts, shrink

# rows: truth; class 3 is predicted and not there, class 4 neither
MATRIX = np.array([[6, 1, 1, 0, 0], [2, 2, 0, 1, 0], [0, 0, 3, 0, 0], [0, 0, 0, 0, 0], [0, 0, 0, 0, 0]])
IMAGE = ImageCounts.of_matrix("a.jpg", MATRIX)


def test_iou_by_hand():
    np.testing.assert_allclose(IMAGE.iou, [6 / 10, 2 / 6, 3 / 4, 0, np.nan])
    assert IMAGE.mean_iou == pytest.approx((6 / 10 + 2 / 6 + 3 / 4 + 0) / 4)
    assert (IMAGE.pixels, IMAGE.accuracy) == (16, 11 / 16)


def test_the_lowest_classes_cost_most():
    assert IMAGE.costly() == [3, 1, 0]
    assert IMAGE.costly(1) == [3]
    even = ImageCounts.of_matrix("b.jpg", np.array([[5, 0, 0], [1, 0, 0], [3, 0, 0]]))
    assert even.costly() == [2, 1, 0]  # of two without a hit, the one with more pixels
    assert ImageCounts.of_matrix("c.jpg", np.diag([3, 2, 0])).costly() == []


def test_an_image_of_void_has_no_iou():
    image = ImageCounts.of_matrix("a.jpg", np.zeros((2, 2), np.int64))
    assert np.isnan([image.mean_iou, image.accuracy]).all()


def maps(value):
    return np.full((2, 2), value), np.full((2, 2), value)


def offered(ranks, worst=2, best=1):
    examples = Examples(worst, best)
    for rank in ranks:
        examples.offer(rank, lambda rank=rank: maps(rank[0]))
    return examples


@given(st.permutations(range(7)), st.integers(0, 7), st.integers(0, 4), st.integers(0, 4))
def test_worst_and_best_are_those_of_all_whatever_the_order_and_the_process(order, cut, worst, best):
    ranks = [(0.1 * i, str(i)) for i in order]
    joined = Examples(worst, best)
    joined.join([offered(ranks[:cut], worst, best), offered(ranks[cut:], worst, best)])
    assert joined.choose() == (sorted(ranks)[:worst], sorted(ranks)[::-1][: min(best, 7 - worst)])
    assert set(joined.kept) == {rank for ranks in joined.choose() for rank in ranks}
    assert all((maps[0] == rank[0]).all() for rank, maps in joined.kept.items())


def test_few_images_are_worst_alone():
    assert offered([(0.5, "b"), (0.5, "a")]).choose() == ([(0.5, "a"), (0.5, "b")], [])


def test_maps_are_shrunk_without_new_ids():
    ids = np.where(np.arange(4 * SIDE) % 2, 255, 3).astype(np.uint8) * np.ones((100, 1), np.uint8)
    small = shrink(ids)
    assert small.shape == (25, SIDE)
    assert set(np.unique(small)) <= {3, 255}
    assert shrink(ids[:, :SIDE]).shape == (100, SIDE)
