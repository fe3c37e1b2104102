"""The four scores of a three-class example worked out by hand, and what counts in them."""

import numpy as np
import pytest
import torch

from fcn_plugin.evaluation.confusion import confusion_matrix, per_class, precision_and_dice, scores

LABEL = torch.tensor([[0, 0, 0, 0, 1], [1, 1, 2, 2, 255]], dtype=torch.uint8)
PREDICTION = torch.tensor([[0, 0, 0, 1, 1], [1, 2, 2, 0, 2]])
MATRIX = [[3, 1, 0], [0, 2, 1], [1, 0, 1]]  # rows: true class, columns: predicted class


def test_counts_by_hand():
    matrix = confusion_matrix(LABEL, PREDICTION, 3, 255)
    assert matrix.tolist() == MATRIX
    assert matrix.dtype == torch.int64


def test_scores_by_hand():
    # true pixels 4, 3, 2; hits 3, 2, 1; unions 5, 4, 3
    assert scores(np.array(MATRIX)) == pytest.approx(
        {
            "aAcc": 6 / 9,
            "mAcc": (3 / 4 + 2 / 3 + 1 / 2) / 3,
            "mIoU": (3 / 5 + 2 / 4 + 1 / 3) / 3,
            "fwIoU": (4 * 3 / 5 + 3 * 2 / 4 + 2 * 1 / 3) / 9,
        }
    )


def test_precision_and_dice_by_hand():
    # hits 3, 2, 0; predicted 3, 3, 0; true 4, 2, 0
    precision, dice = precision_and_dice(np.array([[3, 1, 0], [0, 2, 0], [0, 0, 0]]))
    np.testing.assert_allclose(precision, [1, 2 / 3, np.nan])
    np.testing.assert_allclose(dice, [6 / 7, 4 / 5, np.nan])


def test_void_counts_nowhere():
    for prediction in (0, 1, 2):
        assert confusion_matrix(torch.tensor([7, 7]), torch.tensor([prediction] * 2), 3, ignore_index=7).sum() == 0


def test_an_absent_class_is_in_no_mean():
    # class 1 is neither true nor predicted, class 2 only predicted: no accuracy, but an IU of 0
    matrix = np.array([[3, 0, 1], [0, 0, 0], [0, 0, 0]])
    accuracy, iou = per_class(matrix)
    np.testing.assert_array_equal(accuracy, [0.75, np.nan, np.nan])
    np.testing.assert_array_equal(iou, [0.75, np.nan, 0])
    assert scores(matrix) == pytest.approx({"aAcc": 0.75, "mAcc": 0.75, "mIoU": 0.375, "fwIoU": 0.75})


def test_nothing_labelled_scores_zero_not_nan():
    assert scores(np.zeros((3, 3), np.int64)) == dict.fromkeys(("aAcc", "mAcc", "mIoU", "fwIoU"), 0.0)


def test_perfect_is_one():
    assert set(scores(np.diag([5, 1, 9])).values()) == {1.0}


def test_scores_are_exact_beyond_float32():
    # float32 can't tell 2^24 + 1 from 2^24, nor float64 a matrix of 2^53 + 1, which no data set has
    many = 2**24
    matrix = np.array([[many, 1], [0, 1]])
    accuracy, _ = per_class(matrix)
    assert accuracy[0] == many / (many + 1) < 1
    assert scores(matrix)["aAcc"] == (many + 1) / (many + 2) < 1


@pytest.mark.parametrize("shape", [(1, 10), (10, 1), (2, 1, 5)])
def test_any_shape(shape):
    assert confusion_matrix(LABEL.reshape(shape), PREDICTION.reshape(shape), 3, 255).tolist() == MATRIX
