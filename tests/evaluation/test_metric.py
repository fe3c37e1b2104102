"""The metric: files, table, state, refusals, and one result for any number of processes."""

import json

import numpy as np
import pytest
import torch
import torch.distributed as dist
from support.forked import values

from fcn_plugin.errors import UserError
from fcn_plugin.evaluation.metric import FCNMetric

CLASSES = ("sky", "road", "tree", "boat")
LABEL = [[0, 0, 0, 0, 1], [1, 1, 2, 2, 255]]
PREDICTION = [[0, 0, 0, 1, 1], [1, 2, 2, 0, 2]]
MATRIX = [[3, 1, 0, 0], [0, 2, 1, 0], [1, 0, 1, 0], [0, 0, 0, 0]]
SCORES = {"aAcc": 6 / 9, "mAcc": 23 / 36, "mIoU": 43 / 90, "fwIoU": (12 / 5 + 3 / 2 + 2 / 3) / 9}


def metric(**kwargs):
    one = FCNMetric(**kwargs)
    one.dataset_meta = {"classes": CLASSES}
    return one


def result(label=LABEL, prediction=PREDICTION, path="mask7.png"):
    """What the runner hands over for one image."""
    return {
        "gt_sem_seg": {"data": torch.tensor(label)[None]},
        "pred_sem_seg": {"data": torch.tensor(prediction)[None]},
        "seg_map_path": path,
    }


def test_scores_by_hand():
    one = metric()
    one.process({}, [result()])
    assert one.evaluate(1) == pytest.approx(SCORES)


def test_batches_and_images_add_up():
    one = metric()
    one.process({}, [result([row], [prediction]) for row, prediction in zip(LABEL, PREDICTION, strict=True)])  # 1 x N
    one.process({}, [result()])
    assert one.matrix.tolist() == (2 * np.array(MATRIX)).tolist()
    assert one.evaluate(3) == pytest.approx(SCORES)


def test_each_evaluation_starts_anew():
    one = metric()
    one.process({}, [result(PREDICTION, PREDICTION)])
    assert set(one.evaluate(1).values()) == {1.0}
    one.process({}, [result()])
    assert one.evaluate(1) == pytest.approx(SCORES)


def test_a_refused_evaluation_leaves_nothing_behind():
    one = metric()
    one.process({}, [result(PREDICTION, PREDICTION)])
    with pytest.raises(UserError):
        one.evaluate(2)
    one.process({}, [result()])
    assert one.evaluate(1) == pytest.approx(SCORES)


def test_counts_are_exact_beyond_float32():
    one = metric()
    one.matrix = torch.zeros(4, 4, dtype=torch.int64)
    one.matrix[0, 0] = 2**24
    for _ in range(3):
        one.process({}, [result([[0]], [[0]])])
    assert one.matrix.dtype == torch.int64
    assert one.matrix[0, 0] == 2**24 + 3


def test_another_void_id():
    one = metric(ignore_index=3)
    one.process({}, [result([[0, 3, 3]], [[0, 1, 2]])])
    assert one.matrix.sum() == 1
    assert one.evaluate(1)["aAcc"] == 1


def test_prefix():
    one = metric(prefix="val")
    one.process({}, [result()])
    assert one.evaluate(1) == pytest.approx({f"val/{name}": value for name, value in SCORES.items()})


def test_files(tmp_path):
    one = metric(out_dir=str(tmp_path / "scores"))
    one.process({}, [result()])
    one.evaluate(1)
    assert sorted(p.name for p in (tmp_path / "scores").iterdir()) == ["confusion.npy", "metrics.json"]
    assert np.load(tmp_path / "scores" / "confusion.npy").tolist() == MATRIX
    record = json.loads((tmp_path / "scores" / "metrics.json").read_text())
    assert {name: record[name] for name in SCORES} == pytest.approx(SCORES)
    assert record["images"] == 1
    assert record["classes"]["road"] == {"accuracy": pytest.approx(2 / 3), "IoU": pytest.approx(1 / 2), "pixels": 3}
    assert record["classes"]["boat"] == {"accuracy": None, "IoU": None, "pixels": 0}


def test_no_files_unless_asked(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    one = metric()
    one.process({}, [result()])
    one.evaluate(1)
    assert list(tmp_path.iterdir()) == []


def test_table():
    one = metric()
    text = one.table(np.array(MATRIX), SCORES)
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("|")]
    assert rows == [
        ["class", "pixels", "accuracy %", "IU %"],
        ["sky", "4", "75.00", "60.00"],
        ["road", "3", "66.67", "50.00"],
        ["tree", "2", "50.00", "33.33"],
    ]
    assert "pixel acc 66.67   mean acc 63.89   mean IU 47.78   f.w. IU 50.74" in text
    assert text.endswith("left out of the means: boat")
    assert "nan" not in text


def test_a_mask_of_another_size_is_refused():
    with pytest.raises(UserError, match=r"^mask7\.png: the mask has size \(1, 5\), its image \(2, 5\)"):
        metric().process({}, [result(label=LABEL[:1])])


def test_stray_ids_are_refused():
    with pytest.raises(UserError, match=r"^mask7\.png: id 4 \(2 px\) outside the classes 0\.\.3"):
        metric().process({}, [result(label=[[0, 0, 4, 0, 1], [4, 1, 2, 2, 255]])])


def test_a_net_with_more_classes_is_refused():
    with pytest.raises(UserError, match="the net predicts class 4, the data set has 4 classes"):
        metric().process({}, [result(prediction=[[0, 0, 4, 0, 1], [4, 1, 2, 2, 0]])])


@pytest.mark.parametrize("size", [1, 3])
def test_images_left_out_or_counted_twice_are_refused(size):
    one = metric()
    one.process({}, [result(), result()])
    with pytest.raises(UserError, match=rf"2 images were evaluated, the data set has {size}: set round_up=False"):
        one.evaluate(size)


def evaluate_a_share(rank, folder):
    """One of two processes: of three images the first has two, the second one."""
    dist.init_process_group("gloo")
    one = metric(out_dir=f"{folder}/{rank}")
    one.process({}, [[result(), result([[0, 3]], [[0, 0]])], [result(PREDICTION, PREDICTION)]][rank])
    return one.evaluate(3)


def test_two_processes_give_the_result_of_one(tmp_path):
    scores = values(2, evaluate_a_share, str(tmp_path))
    alone = metric(out_dir=str(tmp_path / "alone"))
    alone.process({}, [result(), result([[0, 3]], [[0, 0]]), result(PREDICTION, PREDICTION)])
    expected = alone.evaluate(3)
    assert np.load(tmp_path / "0" / "confusion.npy").tolist() == np.load(tmp_path / "alone" / "confusion.npy").tolist()
    assert scores == [expected] * 2
    assert not (tmp_path / "1").exists()  # the first process alone writes
