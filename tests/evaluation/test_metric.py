"""The metric: files, table, state, refusals, and one result for any number of processes."""

import json

import numpy as np
import pytest
import torch
import torch.distributed as dist
from support.forked import values
from support.refusals import refused

from fcn_plugin.evaluation.metric import FCNMetric

CLASSES = ("sky", "road", "tree", "boat")
LABEL = [[0, 0, 0, 0, 1], [1, 1, 2, 2, 255]]
PREDICTION = [[0, 0, 0, 1, 1], [1, 2, 2, 0, 2]]
MATRIX = [[3, 1, 0, 0], [0, 2, 1, 0], [1, 0, 1, 0], [0, 0, 0, 0]]
SHARES = {"aAcc": 6 / 9, "mAcc": 23 / 36, "mIoU": 43 / 90, "fwIoU": (12 / 5 + 3 / 2 + 2 / 3) / 9}
SCORES = {name: 100 * share for name, share in SHARES.items()}


def metric(**kwargs):
    tested = FCNMetric(**kwargs)
    tested.dataset_meta = {"classes": CLASSES}
    return tested


def result(label=LABEL, prediction=PREDICTION, path="mask7.png"):
    """What the runner hands over for one image."""
    return {
        "gt_sem_seg": {"data": torch.tensor(label)[None]},
        "pred_sem_seg": {"data": torch.tensor(prediction)[None]},
        "seg_map_path": path,
    }


def processed(*samples, **kwargs):
    tested = metric(**kwargs)
    tested.process({}, samples or [result()])
    return tested


def test_scores_by_hand():
    assert processed().evaluate(1) == pytest.approx(SCORES)


def test_batches_and_images_add_up():
    tested = metric()
    rows = zip(LABEL, PREDICTION, strict=True)
    tested.process({}, [result([row], [prediction]) for row, prediction in rows])  # 1 x N
    tested.process({}, [result()])
    assert tested.matrix.tolist() == (2 * np.array(MATRIX)).tolist()
    assert tested.evaluate(3) == pytest.approx(SCORES)


@pytest.mark.parametrize("size", [1, 2])
def test_each_evaluation_starts_from_zero(size):
    tested = processed(result(PREDICTION, PREDICTION))
    if size == 1:
        assert set(tested.evaluate(1).values()) == {100.0}
    else:
        with refused("config-value", "1 images", "has 2"):
            tested.evaluate(2)
    tested.process({}, [result()])
    assert tested.evaluate(1) == pytest.approx(SCORES)


def test_counts_are_exact_beyond_float32():
    tested = metric()
    tested.matrix = torch.zeros(4, 4, dtype=torch.int64)
    tested.matrix[0, 0] = 2**24
    for _ in range(3):
        tested.process({}, [result([[0]], [[0]])])
    assert tested.matrix.dtype == torch.int64
    assert tested.matrix[0, 0] == 2**24 + 3


def test_another_void_id():
    tested = processed(result([[0, 3, 3]], [[0, 1, 2]]), ignore_index=3)
    assert tested.matrix.sum() == 1
    assert tested.evaluate(1)["aAcc"] == 100


def test_prefix():
    assert processed(prefix="val").evaluate(1) == pytest.approx({f"val/{name}": v for name, v in SCORES.items()})


def test_files(tmp_path):
    processed(out_dir=str(tmp_path / "scores")).evaluate(1)
    assert sorted(p.name for p in (tmp_path / "scores").iterdir()) == ["confusion.npy", "metrics.json"]
    assert np.load(tmp_path / "scores" / "confusion.npy").tolist() == MATRIX
    record = json.loads((tmp_path / "scores" / "metrics.json").read_text())
    assert {name: record[name] for name in SHARES} == pytest.approx(SHARES)
    assert record["images"] == 1
    assert record["classes"]["road"] == {"accuracy": pytest.approx(2 / 3), "IoU": pytest.approx(1 / 2), "pixels": 3}
    assert record["classes"]["boat"] == {"accuracy": None, "IoU": None, "pixels": 0}


def test_no_files_unless_asked(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    processed().evaluate(1)
    assert list(tmp_path.iterdir()) == []


def test_table():
    text = metric().table(np.array(MATRIX), SHARES)
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("|")]
    assert rows == [
        ["class", "pixels", "accuracy %", "IU %"],
        ["sky", "4", "75.00", "60.00"],
        ["road", "3", "66.67", "50.00"],
        ["tree", "2", "50.00", "33.33"],
    ]
    assert "pixel acc 66.67   mean acc 63.89   mean IU 47.78   f.w. IU 50.74" in text
    assert text.endswith("not in the means: boat")
    assert "nan" not in text


IMAGES = (result(), result([[0, 3]], [[0, 0]]), result([[255]], [[1]]))


def test_details_by_hand(tmp_path):
    """Mean IU of the three images: 43/90, that of 1/2 and 0, and none."""
    scores = processed(*IMAGES, detail=True, out_dir=str(tmp_path)).evaluate(3)
    assert scores["image_mIoU"] == pytest.approx(50 * (43 / 90 + 1 / 4), abs=1e-10)
    assert scores["mPrecision"] == pytest.approx(100 * (4 / 6 + 2 / 3 + 1 / 2) / 3)  # nothing is predicted as boat
    assert scores["mDice"] == pytest.approx(25 * (8 / 11 + 2 / 3 + 1 / 2 + 0))
    record = json.loads((tmp_path / "metrics.json").read_text())
    assert record["classes"]["sky"]["precision"] == pytest.approx(4 / 6)
    assert record["classes"]["boat"] == {"accuracy": 0, "precision": None, "Dice": 0, "IoU": 0, "pixels": 1}
    assert {name: 100 * record[name] for name in scores} == scores


def test_details_are_left_out_unless_asked():
    assert set(processed(*IMAGES).evaluate(3)) == set(SCORES)


def test_table_with_details():
    text = metric(detail=True).table(np.array(MATRIX), {**SHARES, "image_mIoU": 0.25})
    assert "accuracy % | precision % | Dice % |  IU %" in text
    assert text.splitlines()[-2].endswith("mean IU of images 25.00")


def test_a_sample_without_a_mask_is_refused():
    with refused("config-data", "photo7.jpg", "data_prefix.seg_map_path", "FCNLoadAnnotations"):
        metric().process({}, [dict(img_path="photo7.jpg", pred_sem_seg=result()["pred_sem_seg"])])


@pytest.mark.parametrize(
    ("code", "fragments", "sample"),
    [
        ("mask-size", ("mask7.png: ", "(1, 5)", "(2, 5)"), result(label=LABEL[:1])),
        ("mask-ids", ("mask7.png: id 4 (2 px)", "0..3"), result(label=[[0, 0, 4, 0, 1], [4, 1, 2, 2, 255]])),
        ("classes-count", ("class 4", "4 classes"), result(prediction=[[0, 0, 4, 0, 1], [4, 1, 2, 2, 0]])),
    ],
)
def test_bad_masks_and_predictions_are_refused(code, fragments, sample):
    with refused(code, *fragments):
        metric().process({}, [result(), sample])


@pytest.mark.parametrize("size", [1, 3])
def test_images_left_out_or_counted_twice_are_refused(size):
    with refused("config-value", "2 images", f"the data set has {size}", "round_up=False"):
        processed(result(), result()).evaluate(size)


def evaluate_a_share(rank, folder):
    """One of two processes: of three images the first has two, the second tested."""
    dist.init_process_group("gloo")
    shares = [[result(), result([[0, 3]], [[0, 0]])], [result(PREDICTION, PREDICTION)]]
    return processed(*shares[rank], out_dir=f"{folder}/{rank}", detail=True).evaluate(3)


def test_two_processes_give_the_result_of_one(tmp_path):
    scores = values(2, evaluate_a_share, str(tmp_path))
    images = result(), result([[0, 3]], [[0, 0]]), result(PREDICTION, PREDICTION)
    expected = processed(*images, out_dir=str(tmp_path / "alone"), detail=True).evaluate(3)
    assert np.load(tmp_path / "0" / "confusion.npy").tolist() == np.load(tmp_path / "alone" / "confusion.npy").tolist()
    assert scores == [expected] * 2
    assert not (tmp_path / "1").exists()  # the first process alone writes


def test_a_task_is_scored_by_itself_and_absent_classes_are_left_out():
    """Class 2 of the second task is predicted where class 0 is: its IU of 0 takes no part, the pixel is an error all the same."""
    tasks = dict(first=dict(classes=["a", "b"]), second=dict(classes=["x", "y", "z"]))
    truth, guess = torch.tensor([[[0, 1, 1]], [[0, 0, 1]]]), torch.tensor([[[1, 1, 1]], [[0, 2, 1]]])
    sample = dict(gt_sem_seg=dict(data=truth), pred_sem_seg=dict(data=guess), img_path="7.jpg")
    found = {}
    for task, options in (("first", {}), ("second", {}), ("second", dict(leave_out=("z",), prefix="seen"))):
        metric = FCNMetric(task=task, **options)
        metric.dataset_meta = dict(tasks=tasks)
        metric.process({}, [sample])
        found |= metric.evaluate(1)
    assert found["first/mIoU"] == pytest.approx(100 * (0 + 2 / 3) / 2)
    assert found["second/mIoU"] == pytest.approx(100 * (1 / 2 + 1 + 0) / 3)
    assert found["seen/mIoU"] == pytest.approx(100 * (1 / 2 + 1) / 2)
    assert found["seen/aAcc"] == found["second/aAcc"] == pytest.approx(100 * 2 / 3)
    metric = FCNMetric(task="third")
    metric.dataset_meta = dict(tasks=tasks)
    with refused("config-value", "third", "first, second"):
        metric.process({}, [sample])
