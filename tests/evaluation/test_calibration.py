"""Confidence in bins, by hand: counts, the pixels that are left out, ECE."""

import numpy as np
import pytest
import torch

from fcn_plugin.evaluation.calibration import BINS, UNIT, calibration_error, count_confidence, reliability

# of class 1; 0.5 is in bin 7 of 15, 0.625 and 0.655 in bin 9, 0.75 in bin 11, 1 in the last
CONFIDENCE = torch.tensor([[0.5, 0.625, 0.75, 1.0, 1.0]])
PROBABILITIES = torch.stack([1 - CONFIDENCE, CONFIDENCE])
LABEL = torch.tensor([[1, 0, 1, 1, 255]])


def counted(label=LABEL):
    return count_confidence(PROBABILITIES, label, torch.ones(1, 5, dtype=torch.int64), 255).numpy()


def test_counts_by_hand():
    pixels, right, units = counted()
    assert {b: (pixels[b], right[b], units[b] / UNIT) for b in np.flatnonzero(pixels)} == {
        7: (1, 1, 0.5),
        9: (1, 0, 0.625),
        11: (1, 1, 0.75),
        14: (1, 1, 1.0),
    }
    assert len(pixels) == BINS
    assert counted().dtype == np.int64


def test_the_error_by_hand():
    assert calibration_error(counted()) == pytest.approx((0.5 + 0.625 + 0.25 + 0) / 4)
    both = counted() + counted(torch.tensor([[0, 1, 255, 1, 0]]))
    # of two pixels one is right in bins 7 and 9, of three two in bin 14
    assert calibration_error(both) == pytest.approx((0 + 2 * 0.125 + 0.25 + 1) / 8)


def test_rates_of_bins():
    shares, accuracy, confidence = reliability(counted())
    assert shares.sum() == 1
    assert (shares[9], accuracy[9], confidence[9]) == (0.25, 0, 0.625)
    assert np.isnan(accuracy[0])


def test_without_pixels():
    assert np.isnan(calibration_error(counted(torch.full((1, 5), 255))))


def test_the_predicted_class_need_not_be_the_likeliest():
    """As with one channel and a threshold of 0.3."""
    probabilities = torch.tensor([[[0.625]], [[0.375]]])
    pixels, right, units = count_confidence(probabilities, torch.tensor([[1]]), torch.tensor([[1]]), 255).numpy()
    assert (pixels[5], right[5], units[5] / UNIT) == (1, 1, 0.375)
