"""The tool that weighs classes: what it prints, and how bad input ends."""

import ast
import re

import numpy as np
import pytest
from PIL import Image


def masks_of(root, split):
    names = (root / f"ImageSets/Segmentation/{split}.txt").read_text().split()
    return [np.asarray(Image.open(root / "SegmentationClass" / f"{name}.png")) for name in names]


def expected_weights(masks, power):
    pixels = np.array([[(mask == c).sum() for c in range(21)] for mask in masks])
    there = pixels.sum(0) > 0
    seen = ((pixels > 0) * np.array([[mask.size] for mask in masks])).sum(0)
    frequency = pixels.sum(0)[there] / seen[there]
    weights = np.ones(21)
    weights[there] = (np.median(frequency) / frequency) ** power
    return weights


@pytest.mark.parametrize(
    ("split", "power", "more"), [("train", 1, ()), ("val", 0.5, ("--split", "val", "--power", "0.5", "--jobs", "0"))]
)
def test_prints_a_table_and_the_line_for_the_config(tool, leaf, data, split, power, more):
    done = tool("class_weights", leaf, *more)
    assert done.code == 0
    assert "counting: 100%" in done.err  # the bar
    *table, line = done.out.splitlines()
    masks = masks_of(data, split)
    background = sum(int((mask == 0).sum()) for mask in masks)
    assert any(re.match(rf"\| background +\| +{background} \|", row) for row in table)
    assert line.startswith("model = dict(decode_head=dict(loss_decode=dict(class_weight=[")
    printed = ast.literal_eval(re.search(r"\[.*\]", line)[0])
    assert printed == pytest.approx(expected_weights(masks, power), rel=0.01)
    assert table[-1].startswith("never occurs, weight 1 without effect: ")


def test_its_line_trains(tool, leaf, tmp_path):
    """The line as an override of the command line."""
    line = tool("class_weights", leaf, "--jobs", "0").out.splitlines()[-1]
    weights = re.search(r"\[.*\]", line)[0].replace(" ", "")
    one = ("train_cfg.max_iters=1", "train_cfg.val_interval=2", f"model.decode_head.loss_decode.class_weight={weights}")
    done = tool("train", leaf, "--work-dir", tmp_path, "--cfg-options", *one)
    assert (done.code, done.err) == (0, "")
    assert "Iter(train) [1/1]" in done.out


def refused(outcome):
    assert outcome.code == 2
    assert outcome.err.count("error: ") == 1
    assert "Traceback" not in outcome.err
    assert "class_weight=" not in outcome.out
    return outcome.err.partition("error: ")[2]


@pytest.mark.parametrize("jobs", ["0", "1"])
def test_strange_ids_name_the_file(tool, leaf, own_data, jobs):
    mask = next(iter((own_data / "SegmentationClass").glob("2012_000002.png")))
    Image.fromarray(np.full((64, 64), 30, np.uint8)).save(mask)
    message = refused(tool("class_weights", leaf, "--data-root", own_data, "--jobs", jobs))
    assert message.startswith(f"{mask}: id 30 (4096 px) outside the classes 0..20")


def test_broken_and_missing_masks_name_the_file(tool, leaf, own_data):
    mask = own_data / "SegmentationClass/2012_000002.png"
    mask.write_bytes(mask.read_bytes()[:60])
    call = ("class_weights", leaf, "--data-root", own_data, "--jobs", "0")
    assert f"{mask}: can't be read" in refused(tool(*call))
    mask.unlink()
    assert f"{mask}: can't be read (no such file)" in refused(tool(*call))


@pytest.mark.parametrize(
    ("arguments", "fragment"),
    [
        (("--data-root", "nowhere"), "train data root nowhere does not exist"),
        (("--cfg-options", "model.decode_head.num_classes=5"), "set num_classes=21"),
        (("--cfg-options", "val_dataloader=None", "--split", "val"), "has no val_dataloader"),
        (("--power", "nan"), "--power is nan: give 0 (all classes alike) or more"),
        (("--jobs", "-1"), "--jobs is -1: give 0 or more"),
    ],
)
def test_bad_arguments(tool, leaf, arguments, fragment):
    assert fragment in refused(tool("class_weights", leaf, *arguments))
