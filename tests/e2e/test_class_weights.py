"""The tool that weighs classes: what it prints, and how bad input ends."""

import ast
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.refusals import tool_refused


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
    assert table[-1].startswith("absent classes, weight 1 (no effect): ")


def test_its_line_trains(tool, leaf, tmp_path):
    """The line as an override of the command line."""
    line = tool("class_weights", leaf, "--jobs", "0").out.splitlines()[-1]
    weights = re.search(r"\[.*\]", line)[0].replace(" ", "")
    one = ("train_cfg.max_iters=1", "train_cfg.val_interval=2", f"model.decode_head.loss_decode.class_weight={weights}")
    done = tool("train", leaf, "--work-dir", tmp_path, "--cfg-options", *one)
    assert (done.code, done.err) == (0, "")
    assert "Iter(train) [1/1]" in done.out


def refused(outcome, *fragments):
    """Without the bar, which has begun."""
    bar, error, message = outcome.err.rpartition("error: ")
    tool_refused(replace(outcome, err=error + message), Path("no work dir"), *fragments)
    assert "error" not in bar
    assert "class_weight=" not in outcome.out


@pytest.mark.parametrize("jobs", ["0", "1"])
def test_strange_ids_name_the_file(tool, leaf, own_data, jobs):
    mask = own_data / "SegmentationClass/2012_000002.png"
    Image.fromarray(np.full((64, 64), 30, np.uint8)).save(mask)
    refused(tool("class_weights", leaf, "--data-root", own_data, "--jobs", jobs), "mask-ids", mask, "30 (4096 px)")


def test_broken_and_missing_masks_name_the_file(tool, leaf, own_data):
    mask = own_data / "SegmentationClass/2012_000002.png"
    mask.write_bytes(mask.read_bytes()[:60])
    call = ("class_weights", leaf, "--data-root", own_data, "--jobs", "0")
    refused(tool(*call), "mask-unreadable", mask)
    mask.unlink()
    refused(tool(*call), "mask-unreadable", mask, "no such file")


@pytest.mark.parametrize(
    ("arguments", "code", "fragment"),
    [
        (("--data-root", "nowhere"), "dataset-missing", "nowhere"),
        (("--cfg-options", "model.decode_head.num_classes=5"), "classes-count", "num_classes=21"),
        (("--cfg-options", "val_dataloader=None", "--split", "val"), "config-data", "val_dataloader"),
    ],
)
def test_bad_input(tool, leaf, arguments, code, fragment):
    refused(tool("class_weights", leaf, *arguments), code, fragment)


@pytest.mark.parametrize(
    ("arguments", "fragment"), [(("--power", "nan"), "--power is nan"), (("--jobs", "-1"), "--jobs: -1 is less than 0")]
)
def test_bad_arguments(tool, leaf, arguments, fragment):
    done = tool("class_weights", leaf, *arguments)
    assert (done.code, done.out) == (2, "")
    assert fragment in done.err
