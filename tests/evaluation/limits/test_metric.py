"""All measures as one metric: void, files, table, one result for any number of processes."""

import json

import cv2
import numpy as np
import pytest
import torch
import torch.distributed as dist
from support.forked import values
from support.masks import VOID
from support.refusals import refused

from fcn_plugin.evaluation.limits.metric import FCNLimits
from fcn_plugin.evaluation.metric import FCNMetric

CLASSES = ("sky", "road", "tree", "boat")
RANDOM = np.random.default_rng(0)


def blocks():
    """A label map of blocks of 6 x 6; no boat."""
    return cv2.resize(RANDOM.integers(0, 3, (4, 6), np.uint8), (36, 24), interpolation=cv2.INTER_NEAREST)


def image(void=True):
    truth, guess = blocks(), blocks()
    if void:
        truth[4:9, 10:20] = VOID
    return truth, guess


def sample(truth, guess):
    tensors = {"gt_sem_seg": truth, "pred_sem_seg": guess.astype(np.int64)}
    return {name: {"data": torch.from_numpy(each)[None]} for name, each in tensors.items()}


IMAGES = [image(), image(False), image()]


def processed(images=IMAGES, kind=FCNLimits, classes=CLASSES, **options):
    metric = kind(ignore_index=VOID, **options)
    metric.dataset_meta = {"classes": classes}
    for each in images:
        metric.process({}, [sample(*each)])
    return metric


@pytest.fixture(scope="module")
def record(tmp_path_factory):
    folder = tmp_path_factory.mktemp("limits")
    scores = processed(out_dir=str(folder), width=4).evaluate(3)
    return scores, json.loads((folder / "limits.json").read_text())


def test_what_is_predicted_in_void_counts_nowhere():
    truth, guess = IMAGES[0]
    others = [np.where(truth == VOID, label, guess) for label in range(3)]
    first, *rest = (processed([(truth, other)]).matrix.tolist() for other in others)
    assert rest == [first] * 2
    assert not processed([(np.full((3, 4), VOID, np.uint8), np.zeros((3, 4)))]).matrix.any()


def test_a_perfect_prediction():
    scores = processed([(np.array(truth), np.where(truth == VOID, 0, truth)) for truth, _ in IMAGES]).evaluate(3)
    assert scores.pop("hole_rate") == 0
    assert set(scores.values()) == {100.0}  # nothing lies more than 20 px inside, and no object is small or thin


def test_the_record_holds_settings_means_and_classes(record):
    scores, content = record
    assert content["images"] == 3
    assert content["settings"]["width"] == 4 == len(content["means"]["trimap_IoU"])
    assert {name: 100 * content[name] for name in scores} == scores
    assert scores["trimap_mIoU_3"] == 100 * content["means"]["trimap_IoU"][2]
    sky, boat = content["classes"]["sky"], content["classes"]["boat"]
    assert scores["boundary_mIoU"] == pytest.approx(
        100 * np.mean([content["classes"][name]["boundary_IoU"] for name in CLASSES[:3]])
    )
    assert isinstance(sky["holes"], int) and len(sky["size_IoU"]) == 4
    totals = [sum(content["classes"][name][key] for name in CLASSES) for key in ("inside_missed", "inside_pixels")]
    assert scores["missed_inside"] == 100 * (totals[0] / totals[1])
    assert boat == {
        **{"trimap_IoU": [None] * 4, "boundary_IoU": None, "boundary_F1": None},
        **{"size_objects": [0] * 4, "size_IoU": [None] * 4, "thickness_objects": [0] * 5, "thickness_IoU": [None] * 5},
        **{"holes": 0, "hole_pixels": 0, "pixels": 0, "hole_rate": None},
        **{"inside_pixels": 0, "inside_missed": 0, "missed_inside": None},
    }


def test_all_distances_together_have_the_mean_iu_of_the_metric():
    wide = processed(width=60).evaluate(3)
    assert "missed_inside" not in wide  # nothing is that far inside
    assert wide["trimap_mIoU_20"] == processed(kind=FCNMetric).evaluate(3)["mIoU"]


def test_the_table_shows_classes_that_occur():
    metric = processed()
    text = metric.table(metric.matrix.numpy(), {})
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("|")]
    assert rows[0][:6] == ["class", "1 px", "3 px", "5 px", "10 px", "20 px"]
    assert [row[0] for row in rows[1:]] == ["sky", "road", "tree", "all"]
    assert "mean IU by thickness (objects): <= 4 px - (0), <= 8 px " in text
    assert "nan" not in text


def test_counts_do_not_grow_with_images():
    one, three = processed(IMAGES[:1]), processed()
    assert one.matrix.shape == three.matrix.shape == one.shape
    assert three.matrix.dtype == torch.int64


def test_more_than_255_classes():
    truth, guess = (each.astype(np.int64) for each in IMAGES[1])
    many = tuple(map(str, range(300)))
    few = processed([(truth, guess)]).evaluate(1)
    assert processed([(truth + 290, guess + 290)], classes=many).evaluate(1) == few


def test_bad_masks_are_refused_as_by_the_metric():
    with refused("mask-ids", "id 5"):
        processed([(np.full((2, 2), 5, np.uint8), np.zeros((2, 2)))])


def evaluate_a_share(rank, folder):
    """One of two processes: of three images the first has two, the second one."""
    dist.init_process_group("gloo")
    return processed((IMAGES[:2], IMAGES[2:])[rank], out_dir=f"{folder}/{rank}").evaluate(3)


def test_two_processes_give_the_result_of_one(tmp_path):
    scores = values(2, evaluate_a_share, str(tmp_path))
    assert scores == [processed(out_dir=str(tmp_path / "alone")).evaluate(3)] * 2
    assert (tmp_path / "0/limits.json").read_text() == (tmp_path / "alone/limits.json").read_text()
