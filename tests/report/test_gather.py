"""What the metric of a report gathers, in one process and in two."""

import numpy as np
import pytest
import torch
import torch.distributed as dist
from support.forked import values

from fcn_plugin.evaluation.calibration import UNIT
from fcn_plugin.report.gather import FCNReport

CLASSES = ("sky", "road", "tree")
LABELS = ([[0, 0, 1, 7]], [[2, 2, 2, 2]], [[7, 7, 7, 7]], [[0, 1, 2, 2]])
GUESSES = ([[0, 1, 1, 1]], [[2, 2, 2, 2]], [[0, 0, 0, 0]], [[1, 0, 0, 0]])
NAMES = ("d.jpg", "c.jpg", "b.jpg", "a.jpg")


def sample(index, logits=True):
    label, guess = (torch.tensor(each[index])[None] for each in (LABELS, GUESSES))
    found = {"gt_sem_seg": {"data": label}, "pred_sem_seg": {"data": guess}, "img_path": NAMES[index]}
    if logits:  # a probability of 2 / 4 for the class that is predicted, 1 / 4 for each other
        found["seg_logits"] = {"data": torch.nn.functional.one_hot(guess[0], 3).permute(2, 0, 1) * np.log(2)}
    return found


def gathered(indices=range(4), size=4, **options):
    metric = FCNReport(worst=1, best=1, ignore_index=7)
    metric.dataset_meta = {"classes": CLASSES}
    metric.process({}, [sample(index, **options) for index in indices])
    return metric.evaluate(size), metric.findings


def plain(findings):
    return (
        *(findings.matrix.tolist(), findings.confidence.tolist(), findings.examples.choose()),
        [(image.path, image.counts.tolist()) for image in findings.images],
        {rank: [each.tolist() for each in maps] for rank, maps in findings.examples.kept.items()},
    )


def test_by_hand(capfd):
    scores, findings = gathered()
    # sky 1 / 2 and road 1 / 2; tree 1; none; nothing right
    assert [(image.path, image.mean_iou) for image in findings.images if image.path != "b.jpg"] == [
        *(("a.jpg", 0), ("c.jpg", 1), ("d.jpg", 0.5))
    ]
    assert scores == {"report/image_mIoU": 50, "report/ECE": pytest.approx(100 * abs(6 / 11 - 0.5), abs=1e-4)}
    assert findings.examples.choose() == ([(0.0, "a.jpg")], [(1.0, "c.jpg")])
    pixels, right, units = findings.confidence
    assert (pixels.sum(), right.sum()) == (11, 6)
    assert units.sum() / UNIT == pytest.approx(5.5)


def test_void_is_255_in_maps():
    _, findings = gathered([0], 1)
    assert findings.examples.kept[0.5, "d.jpg"][0].tolist() == [[0, 0, 1, 255]]


def test_one_channel_is_the_probability_of_class_1():
    metric = FCNReport(ignore_index=7)
    metric.dataset_meta = {"classes": CLASSES[:2]}
    one = sample(0)
    one["seg_logits"] = {"data": torch.tensor([[[-np.log(3), np.log(3), np.log(3), 0.0]]])}
    metric.process({}, [one])
    metric.evaluate(1)
    pixels, _, units = metric.findings.confidence
    assert (pixels[11], units[11] / UNIT) == (3, pytest.approx(2.25))


def test_a_net_without_logits():
    scores, findings = gathered(logits=False)
    assert set(scores) == {"report/image_mIoU"}
    assert findings.confidence is None


def test_it_starts_from_zero():
    metric = FCNReport(ignore_index=7)
    metric.dataset_meta = {"classes": CLASSES}
    for index in (0, 3):
        metric.process({}, [sample(index)])
        metric.evaluate(1)
    assert [image.path for image in metric.findings.images] == ["a.jpg"]
    assert metric.findings.confidence[0].sum() == 4


def gather_a_share(rank):
    dist.init_process_group("gloo")
    scores, findings = gathered([[0, 2], [1, 3]][rank])
    return scores, plain(findings)


def test_two_processes_find_what_one_finds():
    scores, findings = gathered()
    assert values(2, gather_a_share) == [(scores, plain(findings))] * 2
