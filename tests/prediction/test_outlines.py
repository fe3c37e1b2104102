"""Outlines along pixel edges, with holes."""

import numpy as np
import pytest
from support.predictions import label_map, predicted, random_labels

from fcn_plugin.datatools.new.shapes.draw import Shape, area, draw_shapes
from fcn_plugin.prediction.outlines import outlines


def drawn_back(labels, found):
    """Pieces filled by the even-odd rule, holes left out; each pixel must be in one piece."""
    back, times = np.full_like(labels, 255), np.zeros(labels.shape, int)
    for outline in found:
        there = np.zeros(labels.shape, bool)
        for ring in (outline.exterior, *outline.holes):
            there ^= draw_shapes(labels.shape[::-1], [Shape(1, "polygons", [ring])]) > 0
        back[there] = outline.label
        times += there
    assert (times == 1).all()
    return back


def test_corners_of_an_angle_by_hand():
    """(0, 0) is the outer corner of the first pixel; the concave corner (1, 1) is there."""
    (angle, _) = outlines(np.array([[0, 1], [0, 0]], np.uint8))
    assert angle.exterior.tolist() == [[0, 0], [0, 2], [2, 2], [2, 1], [1, 1], [1, 0]]
    assert (angle.label, angle.holes, angle.area, angle.box) == (0, [], 3, (0, 0, 2, 2))


def test_a_hole_of_one_pixel_by_hand():
    labels = np.ones((3, 4), np.uint8)
    labels[1, 2] = 0
    hole, piece = outlines(labels)
    assert (piece.area, len(piece.holes)) == (11, 1)
    assert sorted(piece.holes[0].tolist()) == [[2, 1], [2, 2], [3, 1], [3, 2]]
    assert sorted(hole.exterior.tolist()) == sorted(piece.holes[0].tolist())


def test_pieces_that_touch_at_a_corner_are_two():
    found = outlines(label_map())
    roads = [(outline.area, outline.box, len(outline.holes)) for outline in found if outline.label == 1]
    assert roads == [(17 * 14 - 25 - 24 - 1, (3, 2, 17, 14), 3), (16, (20, 16, 4, 4), 0)]


@pytest.mark.parametrize("shape, classes, scale", [((1, 1), 2, 1), ((3, 5), 2, 1), ((20, 15), 2, 1), ((7, 9), 3, 3)])
def test_outlines_filled_are_the_label_map(shape, classes, scale):
    for seed in range(3):
        labels = random_labels(shape, classes, scale, seed)
        found = outlines(labels)
        assert np.array_equal(drawn_back(labels, found), labels)
        for outline in found:
            assert area(outline.exterior) - sum(map(area, outline.holes)) == outline.area == outline.mask.sum()
            for ring in (outline.exterior, *outline.holes):
                assert len(set(map(tuple, ring.tolist()))) == len(ring)  # touches itself nowhere


def test_a_prediction_has_them():
    prediction = predicted(label_map())
    assert len(prediction.polygons()) == len(outlines(label_map()))
    assert prediction.areas() == {"background": 495, "road": 204, "car": 21}
