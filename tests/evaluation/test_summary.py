"""Mean and spread over seeds, from the files that evaluation leaves."""

import json

import pytest
from support.refusals import refused

from fcn_plugin.evaluation.summary import summary


def write(folder, miou, sky=0.5, void=None, pixels=100):
    folder.mkdir(parents=True)
    classes = dict(sky=dict(accuracy=0.9, IoU=sky, pixels=pixels), car=dict(accuracy=None, IoU=void, pixels=0))
    record = dict(aAcc=0.8, mAcc=0.6, mIoU=miou, fwIoU=0.7, images=3, classes=classes)
    (folder / "metrics.json").write_text(json.dumps(record))
    return folder


def record(**values):
    scores = dict(aAcc=0.8, mAcc=0.6, mIoU=0.5, fwIoU=0.7, classes=dict(sky=dict(IoU=0.5, pixels=1)))
    return json.dumps(scores | values)


def test_mean_and_sample_deviation_in_percent(tmp_path):
    runs = [write(tmp_path / str(i), miou, sky) for i, (miou, sky) in enumerate([(0.5, 0.1), (0.6, 0.2), (0.7, 0.3)])]
    text = summary({"FCN-8s": runs})
    assert "| FCN-8s | 3 | 80.00 ± 0.00 | 60.00 ± 0.00 | 60.00 ± 10.00 | 70.00 ± 0.00 |" in text
    assert "| sky | 20.00 ± 10.00 |" in text
    assert "car" not in text  # absent from truth and prediction


def test_a_class_that_one_net_alone_predicts_has_its_row(tmp_path):
    nets = {"FCN-32s": [write(tmp_path / "a", 0.4)], "FCN-8s": [write(tmp_path / "b", 0.5, void=0.0)]}
    assert "| car | - | 0.00 |" in summary(nets)


def test_one_run_has_no_spread(tmp_path):
    text = summary({"FCN-8s": [write(tmp_path / "a", 0.5)]})
    assert "| FCN-8s | 1 | 80.00 | 60.00 | 50.00 | 70.00 |" in text


def test_nets_stand_side_by_side(tmp_path):
    nets = {"FCN-32s": [write(tmp_path / "a", 0.4, 0.1)], "FCN-8s": [write(tmp_path / "b", 0.5, 0.2)]}
    scores, classes = summary(nets).split("\n\n")
    assert [line.split(" | ")[0] for line in scores.splitlines()] == ["| net", "| ---", "| FCN-32s", "| FCN-8s"]
    assert classes.splitlines()[0] == "| IU | FCN-32s | FCN-8s |"
    assert "| sky | 10.00 | 20.00 |" in classes


def test_scores_of_other_images_are_refused(tmp_path):
    nets = {"FCN-32s": [write(tmp_path / "val", 0.4)], "FCN-8s": [write(tmp_path / "test", 0.5, pixels=101)]}
    with refused("lists-differ", tmp_path / "val", tmp_path / "test"):
        summary(nets)


def test_folds_have_images_of_their_own(tmp_path):
    """The same fold of another net has the same."""
    eight = [write(tmp_path / f"8s{i}", 0.5 + i / 10, pixels=100 + i) for i in range(2)]
    sixteen = [write(tmp_path / f"16s{i}", 0.4, pixels=100 + i) for i in range(2)]
    nets = {"FCN-8s": eight, "FCN-16s": sixteen}
    with refused("lists-differ", eight[0], eight[1], "--folds"):
        summary(nets)
    assert "| FCN-8s | 2 | 80.00 ± 0.00 | 60.00 ± 0.00 | 55.00 ± 7.07 |" in summary(nets, folds=True)
    with refused("lists-differ", eight[0], sixteen[1], "order"):
        summary({"FCN-8s": eight, "FCN-16s": sixteen[::-1]}, folds=True)


@pytest.mark.parametrize(
    ("text", "code", "fragment"),
    [
        (None, "file-missing", "tools/test.py --work-dir"),
        ("{", "record-damaged", "metrics.json"),
        ('{"mIoU": 0.5}', "record-damaged", "aAcc"),
        ("5", "record-damaged", "metrics.json"),
        ("\xff", "record-damaged", "metrics.json"),
        ("[" * 100_000, "record-damaged", "metrics.json"),
        (record(classes=[]), "record-damaged", "metrics.json"),
        (record(classes=dict(sky=5)), "record-damaged", "metrics.json"),
        (record(classes=dict(sky=dict(IoU="x", pixels=1))), "record-damaged", "metrics.json"),
        (record(classes=dict(sky=dict(IoU=0.5, pixels=[]))), "record-damaged", "metrics.json"),
        (record(mIoU="x"), "record-damaged", "metrics.json"),
        (record(mIoU=10**400), "record-damaged", "metrics.json"),
    ],
)
def test_files_that_hold_no_scores(tmp_path, text, code, fragment):
    if text is not None:
        (tmp_path / "metrics.json").write_text(text)
    with refused(code, tmp_path, fragment):
        summary({"FCN-8s": [tmp_path]})
