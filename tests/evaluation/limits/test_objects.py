"""IU by size and thickness, and holes, by hand."""

import numpy as np
from support.masks import maps

from fcn_plugin.evaluation.limits.holes import Holes
from fcn_plugin.evaluation.limits.objects import Objects
from fcn_plugin.evaluation.limits.report import with_rates

NAN = np.nan
TRUTH = ["10000000", "00000000", "00001110", "00001110", "00001110", "00000000"]
GUESS = ["11000000", "00000000", "00001110", "00011110", "00001010", "10000000"]
GROUPS = Objects(sizes=(1,), thicknesses=(2,), reach=3)


def test_iu_by_size_and_thickness():
    """A dot with a wrong pixel beside it; a block with one beside it and one missed; one far from both; the rest of the image."""
    found = GROUPS.scores(GROUPS.count(maps(TRUTH, GUESS)))
    assert found["size_objects"].tolist() == [[0, 1], [1, 1]]
    assert found["thickness_objects"].tolist() == [[0, 1], [1, 1]]  # 2 px; 2 * (1 + 1) px
    expected = [[NAN, 1 / 2], [35 / 39, 8 / 10]]
    np.testing.assert_allclose(found["size_IoU"], expected)
    np.testing.assert_allclose(found["thickness_IoU"], expected)


def test_counts_of_a_group():
    counts = GROUPS.count(maps(TRUTH, GUESS))
    assert counts.shape == GROUPS.shape(2)
    assert counts[1].tolist() == [[1, 1], [38, 9], [35, 8], [1, 1]]  # objects, pixels, hits, wrong


def test_an_object_hangs_together_over_corners_and_ends_at_void():
    groups = Objects(sizes=(), thicknesses=())
    truth = ["1.10", "..01", "0000"]
    counts = groups.count(maps(truth, truth))
    assert counts[0, :2].tolist() == [[1, 2], [6, 3]]
    assert counts[0].tolist() == counts[1].tolist()


def test_strips_of_one_to_four_pixels():
    strips = "0010001100011100001111000"
    thick = Objects(sizes=(), thicknesses=(2, 3, 4)).count(maps([strips] * 9, [strips] * 9))
    assert thick[1:, 0, 1].tolist() == [2, 0, 2, 0]  # 1 and 2 px have 2; 3 and 4 px have 4


def test_an_object_as_large_as_the_image():
    counts = Objects(thicknesses=(4,)).count(maps(["00", "00"], ["00", "01"]))
    assert counts[0].tolist() == [[1, 0], [4, 0], [3, 0], [0, 0]]
    assert counts[-1].tolist() == counts[0].tolist()  # the thickest group
    assert Objects().count(maps([".."], ["01"])).sum() == 0


FRAME = ["0000000"] * 7


def rows(*places):
    """The frame with pixels of class 1."""
    changed = [list(row) for row in FRAME]
    for y, x in places:
        changed[y][x] = "1"
    return ["".join(row) for row in changed]


def test_a_hole_has_right_pixels_all_around():
    found = Holes().count(maps(FRAME, rows((2, 2), (3, 3), (5, 3), (0, 5), (1, 5))))
    # two pixels that meet at a corner are one hole, one is another; a notch at the border of the image is none
    assert found.tolist() == [[2, 0], [3, 0], [49, 0]]
    scores = with_rates({**Holes().scores(found), "inside_pixels": np.array([9, 0]), "inside_missed": np.array([1, 0])})
    np.testing.assert_allclose(scores["hole_rate"], [3 / 49, NAN])


def test_a_notch_at_another_class_or_at_void_is_no_hole():
    truth = ["0000000", "0000000", "0000000", "0001.00", "0000000", "0000000", "0000000"]
    for place in ((3, 2), (2, 2), (3, 5), (2, 5)):
        assert Holes().count(maps(truth, rows((3, 3), place))).tolist() == [[0, 0], [0, 0], [47, 1]]
    assert Holes().count(maps(truth, rows((3, 3), (1, 2))))[0].tolist() == [1, 0]


def test_no_errors_no_holes():
    assert Holes().count(maps(FRAME, FRAME)).tolist() == [[0, 0], [0, 0], [49, 0]]
