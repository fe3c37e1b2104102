"""Runs on data and checkpoints that are not what they should be, by choice: broken files skipped, classes adapted."""

import json

import numpy as np
import pytest
import torch
from PIL import Image
from support.refusals import tool_refused


@pytest.mark.parametrize("workers", [0, 1])
def test_one_broken_image_never_loses_a_run(tool, trained, own_data, tmp_path, workers):
    """In training another one is drawn, in validation the place is void; both are listed at the end."""
    names = {s: (own_data / f"ImageSets/Segmentation/{s}.txt").read_text().split() for s in ("train", "val")}
    image = own_data / f"JPEGImages/{names['train'][0]}.jpg"
    mask = own_data / f"SegmentationClass/{names['val'][1]}.png"
    image.write_bytes(image.read_bytes()[:200])
    mask.unlink()
    loaders = [f"{split}_dataloader.num_workers={workers}" for split in ("train", "val")]
    options = ("broken_files=skip", "train_cfg.max_iters=4", "train_cfg.val_interval=4", *loaders)
    words = ("--work-dir", tmp_path / "work", "--data-root", own_data, "--cfg-options", *options)
    done = tool("train", trained.config, *words)
    assert done.code == 0, done.err
    report = done.out[done.out.index("2 broken samples were skipped:") :]
    assert f"{image}: can't be read (" in report
    assert f"{mask}: can't be read (no such file)" in report
    scores = json.loads((tmp_path / "work" / "metrics.json").read_text())
    masks = [np.array(Image.open(own_data / f"SegmentationClass/{n}.png")) for n in names["val"] if n != mask.stem]
    assert sum(row["pixels"] for row in scores["classes"].values()) == sum((mask != 255).sum() for mask in masks)
    assert scores["images"] == 3


TWO_CLASSES = """
_base_ = {base!r}
class_map = {{0: "background", **{{i: "thing" for i in range(1, 21)}}}}
dataset = dict(type="ClassMapDataset", class_map=class_map)
train_dataloader = dict(dataset=dataset)
val_dataloader = dict(dataset=dataset)
test_dataloader = val_dataloader
model = dict(decode_head=dict(num_classes=None))
load_from = None
"""


@pytest.fixture
def two_classes(leaf, tmp_path):
    path = tmp_path / "two.py"
    path.write_text(TWO_CLASSES.format(base=str(leaf)))
    return path


def test_transfer_to_other_classes(tool, trained, two_classes, tmp_path):
    work_dir = tmp_path / "work"
    words = ("--work-dir", work_dir, "--load-from", trained.best, "--cfg-options", "optim_wrapper.optimizer.lr=0")
    found = "trained for 21 classes, the config has num_classes=2"
    tool_refused(
        tool("train", two_classes, *words), work_dir, "checkpoint-classes", trained.best, found, "--adapt-classes"
    )
    done = tool("train", two_classes, "--adapt-classes", *words)
    assert done.code == 0, done.err
    assert "was trained for 21 classes: newly initialised for 2: decode_head.score_fr.weight" in done.out
    paths = (trained.best, work_dir / "iter_2.pth")
    old, new = (torch.load(path, weights_only=False)["state_dict"] for path in paths)
    assert new["decode_head.score_pool3.weight"].shape[0] == 2
    assert torch.equal(new["neck.fc7.weight"], old["neck.fc7.weight"])
    scores = json.loads((work_dir / "metrics.json").read_text())
    assert list(scores["classes"]) == ["background", "thing"]


def test_id_outside_a_class_map_in_training(tool, two_classes, own_data, tmp_path):
    for path in (own_data / "SegmentationClass").glob("*.png"):
        mask = np.array(Image.open(path))
        mask[0, :3] = 77
        Image.fromarray(mask).save(path)
    call = tool("train", two_classes, "--work-dir", tmp_path / "work", "--data-root", own_data)
    found = (own_data / "SegmentationClass", ".png: id 77 (3 px)", "0..20", "class_map", "ignore_ids")
    tool_refused(call, tmp_path / "work", "mask-ids", *found)


def test_resume_where_nothing_is_keeps_the_start(tool, trained, two_classes, tmp_path):
    words = ("--work-dir", tmp_path / "work", "--resume", "--load-from", trained.best, "--adapt-classes")
    done = tool("train", two_classes, *words)
    assert done.code == 0, done.err
    assert "nothing to resume in" in done.out
    assert f"Loaded {trained.best}" in done.out
    again = tool("train", two_classes, *words, "--cfg-options", "train_cfg.max_iters=4")
    assert again.code == 0, again.err
    assert f"Loaded {tmp_path / 'work' / 'iter_2.pth'}" in again.out


def test_a_run_of_other_classes_is_not_resumed(tool, trained, two_classes, tmp_path):
    last, work_dir = trained.work_dir / "iter_2.pth", tmp_path / "work"
    words = ("--work-dir", work_dir, "--resume", last, "--load-from", last, "--adapt-classes")
    found = "trained for 21 classes, the config has num_classes=2"
    tool_refused(tool("train", two_classes, *words), work_dir, "checkpoint-classes", last, found)
