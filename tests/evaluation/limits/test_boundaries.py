"""Trimap bands, boundary IoU and boundary F1 by hand."""

import cv2
import numpy as np
import pytest
from support.masks import VOID, maps

from fcn_plugin.evaluation.limits.boundary import BoundaryF1, BoundaryIoU
from fcn_plugin.evaluation.limits.maps import Maps
from fcn_plugin.evaluation.limits.trimap import Trimap

NAN = np.nan


def scores(measure, truth, guess, classes=2):
    return measure.scores(measure.count(maps(truth, guess, classes)))


def test_bands_of_one_pixel_and_of_two():
    found = scores(Trimap(2), ["000111"] * 4, ["001111"] * 3 + ["101111"])
    # 1 px: columns 2 and 3, all predicted 1; 2 px: columns 1 to 4; beyond: one of 4 pixels of class 0 is missed
    np.testing.assert_allclose(found["trimap_IoU"], [[0, 4 / 8], [4 / 8, 8 / 12]])
    assert (found["inside_pixels"].tolist(), found["inside_missed"].tolist()) == ([4, 4], [1, 0])


def test_distances_are_euclidean():
    truth = ["1000", "0000", "0000", "0000"]
    counts = Trimap(5).count(maps(truth, truth))
    # boundary pixels: the corner and its two neighbours; the rest by hand, nearest of (0, 1) and (1, 0)
    # 1: (1,1) (0,2) (2,0); sqrt 2: (1,2) (2,1); 2: (0,3) (3,0); sqrt 5: (1,3) (2,2) (3,1); sqrt 8: (2,3) (3,2); sqrt 13: (3,3)
    assert counts[:, 1].tolist() == [[2, 1], [5, 0], [7, 0], [1, 0], [0, 0], [0, 0]]


def test_the_border_of_the_image_is_no_boundary():
    found = scores(Trimap(3), ["000"] * 3, ["000", "010", "000"])
    assert np.isnan(found["trimap_IoU"]).all()
    assert (found["inside_pixels"].tolist(), found["inside_missed"].tolist()) == ([9, 0], [1, 0])


def test_void_has_boundaries_and_counts_nowhere():
    counts = Trimap(1).count(maps(["00.11"], ["01011"]))
    assert counts[0].tolist() == [[0, 1], [1, 1], [0, 2]]  # of the boundary: hits, true, predicted
    assert counts[1].tolist() == [[1, 1], [1, 1], [1, 1]]


def test_the_widest_band_and_beyond_are_all_pixels():
    truth, guess = ["0011.2", "001122", "000222"], ["0111.2", "001122", "000022"]
    hit, true, predicted = Trimap(2).count(maps(truth, guess, 3)).sum(0)
    assert (hit.tolist(), true.tolist(), predicted.tolist()) == ([6, 4, 5], [7, 4, 6], [7, 5, 5])


def test_boundary_iou_of_a_missed_pixel():
    dot, flat = ["00000", "00000", "00100", "00000", "00000"], ["00000"] * 5
    # d = 1. Truth: 16 px at the border of the image and 8 around the dot; prediction: the 16 alone
    np.testing.assert_allclose(scores(BoundaryIoU(), dot, flat)["boundary_IoU"], [16 / 24, 0])
    np.testing.assert_allclose(scores(BoundaryIoU(), dot, dot)["boundary_IoU"], [1, 1])
    np.testing.assert_allclose(scores(BoundaryIoU(), flat, flat)["boundary_IoU"], [1, NAN])


def test_boundary_iou_is_what_the_authors_compute():
    """mask - erode(mask) of the padded mask of each class."""
    random = np.random.default_rng(0)
    truth, guess = (cv2.resize(random.integers(0, 3, (4, 5), np.uint8), (40, 30), interpolation=0) for _ in range(2))
    truth[5:9, 20:27] = VOID
    found = Maps(truth, guess, 3, VOID)
    result = BoundaryIoU(0.06).count(found)  # d = 0.06 * 50 = 3
    for label in range(3):
        bands = []
        for there in (truth == label, (guess == label) & (truth != VOID)):
            padded = np.pad(np.uint8(there), 1)
            bands.append(there & (cv2.erode(padded, np.ones((3, 3), np.uint8), iterations=3)[1:-1, 1:-1] == 0))
        assert result[:, label].tolist() == [(bands[0] & bands[1]).sum(), bands[0].sum(), bands[1].sum()]


def test_boundary_f1_by_hand():
    measure = BoundaryF1(0.2)  # 1 px on 3 x 4 pixels, which itself is not near enough
    # boundary pixels of class 0: (0,1) (1,1) (2,1), predicted (0,2) (1,1) (2,1); of class 1: likewise one column on
    np.testing.assert_allclose(scores(measure, ["0011"] * 3, ["0001", "0011", "0011"])["boundary_F1"], [2 / 3, 2 / 3])
    np.testing.assert_allclose(scores(measure, ["0011"] * 3, ["0001"] * 3)["boundary_F1"], [0, 0])
    np.testing.assert_allclose(scores(BoundaryF1(0.21), ["0011"] * 3, ["0001"] * 3)["boundary_F1"], [1, 1])


def test_boundary_f1_of_different_precision_and_recall():
    found = BoundaryF1(0.1).count(maps(["00000", "00100", "00000"], ["01000", "00100", "00000"]))
    # class 1: one true pixel, found; two predicted, one right. P = 1/2, R = 1. Class 0: (0,2) (1,1) (1,3) (2,2) are true,
    # (0,0) (0,2) (1,1) (1,3) (2,2) are predicted
    assert found.T.tolist() == [[4, 4, 5, 4], [1, 1, 2, 1]]
    np.testing.assert_allclose(BoundaryF1().scores(found)["boundary_F1"], [2 * 0.8 / 1.8, 2 * 0.5 / 1.5])


def test_a_class_without_boundaries_has_no_f1():
    np.testing.assert_allclose(scores(BoundaryF1(), ["00", "00"], ["00", "00"])["boundary_F1"], [NAN, NAN])
    np.testing.assert_allclose(scores(BoundaryF1(), ["00", "00"], ["00", "01"], 3)["boundary_F1"], [0, 0, NAN])


@pytest.mark.parametrize("tolerance", [0.03, 0.1])
def test_boundary_f1_is_that_of_distance_transforms(tolerance):
    random = np.random.default_rng(1)
    truth, guess = (cv2.resize(random.integers(0, 3, (6, 8), np.uint8), (40, 30), interpolation=0) for _ in range(2))
    true, found, _, _ = BoundaryF1(tolerance).count(Maps(truth, guess, 3, VOID))
    for label in range(3):
        cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
        rims = [(ids == label) & (cv2.erode(np.uint8(ids == label), cross) == 0) for ids in (truth, guess)]
        distance = cv2.distanceTransform(np.uint8(~rims[1]), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
        assert (true[label], found[label]) == (rims[0].sum(), (distance[rims[0]] < tolerance * 50).sum())
