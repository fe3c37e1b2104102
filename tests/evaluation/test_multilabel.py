"""Scores of several labels by hand."""

import json

import numpy as np
import pytest
import torch
from support.refusals import refused

from fcn_plugin.evaluation.metric import FCNMetric
from fcn_plugin.evaluation.multilabel import MultilabelMetric
from fcn_plugin.evaluation.summary import read_scores

CLASSES = ("road", "wet", "marking")
TRUTH = [[[1, 1, 1, 0]], [[0, 255, 1, 0]], [[0, 0, 0, 0]]]
GUESS = [[[1, 1, 0, 1]], [[0, 1, 1, 1]], [[0, 0, 0, 0]]]
IOU, DICE = {"road": 2 / 4, "wet": 1 / 2}, {"road": 4 / 6, "wet": 2 / 3}


def metric(kind=MultilabelMetric, truth=TRUTH, guess=GUESS, **options):
    tested = kind(**options)
    tested.dataset_meta = {"classes": CLASSES}
    maps = {"gt_sem_seg": {"data": torch.tensor(truth)}, "pred_sem_seg": {"data": torch.tensor(guess)}}
    tested.process({}, [{**maps, "seg_map_path": "mask7"}] * 2)
    return tested


def test_each_label_against_its_own_masks(tmp_path):
    """Void is left out of its label alone; ``marking`` is absent."""
    found = metric(out_dir=str(tmp_path)).evaluate(2)
    wanted = {"aAcc": 8 / 11, "mAcc": (2 / 3 + 1) / 2, "mIoU": 1 / 2, "fwIoU": 1 / 2, "mDice": 2 / 3}
    assert found == pytest.approx({name: 100 * value for name, value in wanted.items()})
    record = read_scores(tmp_path)
    for name in ("road", "wet"):
        assert record["classes"][name]["IoU"] == pytest.approx(IOU[name])
        assert record["classes"][name]["Dice"] == pytest.approx(DICE[name])
    assert record["classes"]["marking"] == {"accuracy": None, "Dice": None, "IoU": None, "pixels": 0}
    assert json.loads((tmp_path / "metrics.json").read_text())["classes"]["road"]["pixels"] == 6
    assert np.load(tmp_path / "confusion.npy").tolist()[0] == [[0, 2], [2, 4]]


def test_details_by_hand():
    """Of the pixels predicted as road 2 of 3 are, of those predicted as wet 1 of 2."""
    found = metric(detail=True).evaluate(2)
    assert found["mPrecision"] == pytest.approx(100 * (2 / 3 + 1 / 2) / 2)
    assert (found["mDice"], found["image_mIoU"]) == (pytest.approx(200 / 3), pytest.approx(50))


def test_the_table_names_what_it_shows():
    tested = metric()
    matrix = tested.matrix.numpy()
    table = tested.table(matrix, tested.compute_metrics([matrix]))
    assert "| class | pixels | accuracy % | Dice % |  IU % |" in table
    assert "mean Dice 66.67" in table and "not in the means: marking" in table


def test_what_does_not_fit_is_refused():
    with refused("classes-count", "mask7", "3 maps", "MultilabelMetric"):
        metric(FCNMetric)
    with refused("classes-count", "1 maps"):
        metric(truth=TRUTH[:1])
    with refused("mask-ids", "mask7", "id 2"):
        metric(truth=[*TRUTH[:2], [[2, 0, 0, 0]]])
