"""A training run: what it leaves, what it says, how it goes on, and what the command line reaches."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import torch
from mmengine.fileio import LocalBackend
from PIL import Image


def labelled_pixels(data):
    names = (data / "ImageSets/Segmentation/val.txt").read_text().split()
    masks = [np.asarray(Image.open(data / "SegmentationClass" / f"{name}.png")) for name in names]
    return sum(int((mask != 255).sum()) for mask in masks)


def test_leaves_weights_and_scores(trained, data):
    assert {"iter_2.pth", "best_mIoU_iter_2.pth", "narrow8s.py"} <= {path.name for path in trained.work_dir.iterdir()}
    record = json.loads((trained.work_dir / "metrics.json").read_text())
    matrix = np.load(trained.work_dir / "confusion.npy")
    assert matrix.shape == (21, 21)
    assert matrix.dtype == np.int64
    assert matrix.sum() == labelled_pixels(data)
    assert record["images"] == 3
    assert record["aAcc"] == np.trace(matrix) / matrix.sum()
    assert all(0 < record[name] < 1 for name in ("aAcc", "mAcc", "mIoU", "fwIoU"))
    assert (matrix.sum(0) > 0).sum() > 2  # several classes predicted: the scores mean something
    assert len(record["classes"]) == 21
    background = record["classes"]["background"]
    assert background["pixels"] == matrix[0].sum()
    assert background["IoU"] == matrix[0, 0] / (matrix[0].sum() + matrix[:, 0].sum() - matrix[0, 0])
    assert not list(trained.work_dir.glob(".*.part"))


def test_console_shows_progress_and_no_dumps(trained):
    assert trained.err == ""
    lines = [line for line in trained.out.splitlines() if "Iter(train)" in line]
    assert len(lines) == 2
    for step, line in enumerate(lines, start=1):
        assert f"[{step}/2]" in line
        assert "lr: 3.0000e-01" in line
        assert re.search(r"eta: \d+:\d\d:\d\d", line)
        assert float(re.search(r" loss: (\S+)", line)[1]) > 0
        assert float(re.search(r"images/s: (\S+)", line)[1]) > 0
    assert "pixel acc" in trained.out
    assert f"log and weights in {trained.work_dir}" in trained.out
    for noise in ("OneDL", "MultiScaleDeformableAttention", "Config:", "System environment", "Hooks", "FileClient"):
        assert noise not in trained.out
    assert len(trained.out.splitlines()) < 45


def test_log_file_keeps_config_and_environment(trained):
    (log,) = trained.work_dir.glob("*/*.log")
    text = log.read_text()
    assert "System environment" in text
    assert "type='FCNSkipHead'" in text
    assert "Iter(train) [2/2]" in text


def test_resume_auto_goes_on_where_it_stopped(trained, tool, tmp_path):
    work_dir = tmp_path / "work"
    work_dir.mkdir()
    (work_dir / "iter_2.pth").write_bytes((trained.work_dir / "iter_2.pth").read_bytes())
    (work_dir / "last_checkpoint").write_text(str(work_dir / "iter_2.pth"))
    more = ("--cfg-options", "train_cfg.max_iters=3", "default_hooks.checkpoint.interval=3")
    done = tool("train", trained.config, "--work-dir", work_dir, "--resume", *more)
    assert (done.code, done.err) == (0, "")
    assert f"Loaded {work_dir / 'iter_2.pth'}" in done.out
    assert re.findall(r"Iter\(train\) \[(\d)/3\]", done.out) == ["3"]
    last = torch.load(work_dir / "iter_3.pth", weights_only=False)
    assert last["meta"]["iter"] == 3
    # the optimizer's momentum came along
    assert len(last["optimizer"]["state"]) == len(last["optimizer"]["param_groups"][0]["params"])


def test_resume_in_an_empty_folder_says_so_and_trains(trained, tool, tmp_path):
    work_dir = tmp_path / "empty"
    work_dir.mkdir()
    one = ("--cfg-options", "train_cfg.max_iters=1", "train_cfg.val_interval=1", "load_from=None")
    done = tool("train", trained.config, "--work-dir", work_dir, "--resume", *one)
    assert done.code == 0
    assert f"nothing to resume in {work_dir}: training from the start" in done.out
    assert "Iter(train) [1/1]" in done.out
    assert (work_dir / "best_mIoU_iter_1.pth").is_file()


def test_finer_net_starts_from_its_parent(trained, tool, tmp_path):
    """32s -> 16s: score_pool4 alone is new, and zero at first, so that 16s starts with the parent's scores."""
    state = torch.load(trained.best, weights_only=False)["state_dict"]
    parent = {name: t for name, t in state.items() if "score_pool" not in name and "upscore" not in name}
    torch.save({"state_dict": parent}, tmp_path / "32s.pth")
    once = ("train_cfg.max_iters=1", "train_cfg.val_interval=5", "default_hooks.checkpoint.interval=1")
    start = (
        "model.decode_head.streams=[fr,pool4]",
        f"load_from={tmp_path / '32s.pth'}",
        "optim_wrapper.optimizer.lr=0.0",
    )
    done = tool("train", trained.config, "--work-dir", tmp_path / "16s", "--cfg-options", *start, *once)
    assert (done.code, done.err) == (0, "")
    child = torch.load(tmp_path / "16s" / "iter_1.pth", weights_only=False)["state_dict"]
    added = {"decode_head.score_pool4.weight", "decode_head.score_pool4.bias"}
    assert {name for name in child if name not in parent and "upscore" not in name} == added
    assert all(child[name].eq(0).all() for name in added)
    assert torch.equal(child["decode_head.score_fr.weight"], parent["decode_head.score_fr.weight"])
    assert torch.equal(child["backbone.features.0.conv.weight"], parent["backbone.features.0.conv.weight"])


def test_a_learning_rate_of_the_other_kind_of_loss_gets_a_warning(trained, tool, tmp_path):
    once = ("train_cfg.max_iters=1", "train_cfg.val_interval=5", "default_hooks.checkpoint.interval=5")
    options = ("optim_wrapper.optimizer.lr=1e-10", *once)
    done = tool("train", trained.config, "--work-dir", tmp_path / "work", "--cfg-options", *options)
    assert done.code == 0
    assert done.out.count("lr 1e-10 fits reduction='sum', but the loss is a mean over labelled pixels") == 1
    assert "python tools/translate_lr.py --from sum --to mean --lr 1e-10" in done.out
    (log,) = (tmp_path / "work").glob("*/*.log")
    assert "fits reduction='sum'" in log.read_text()
    assert "fits reduction" not in trained.out


def test_a_checkpoint_is_renamed_into_place(trained, tool, tmp_path, monkeypatch):
    """The engine writes straight to the name that a resume reads, and over the last checkpoint after a new best one."""
    work_dir = shutil.copytree(trained.work_dir, tmp_path / "work")
    whole = (work_dir / "iter_2.pth").read_bytes()
    (work_dir / "iter_3.pth").write_bytes(whole)

    def stopped(backend, content, path):
        Path(path).write_bytes(content[: len(content) // 2])
        raise KeyboardInterrupt

    monkeypatch.setattr(LocalBackend, "put", stopped)
    options = ("train_cfg.max_iters=3", "default_hooks.checkpoint.interval=1")
    done = tool("train", trained.config, "--work-dir", work_dir, "--resume", "--cfg-options", *options)
    assert done.code == 130
    assert "Iter(train) [3/3]" in done.out
    assert (work_dir / "iter_3.pth").read_bytes() == whole
    assert not list(work_dir.glob(".*.part"))


def test_nested_values_are_refused(trained, tool):
    for value in ("dict(type=EMAHook)", "[dict(type=A),dict(type=B)]", "{1:2}"):
        done = tool("train", trained.config, "--cfg-options", f"default_hooks.ema={value}")
        assert done.code == 2
        assert f"not a plain value: {value}" in done.err
        assert "default_hooks.ema.NAME=VALUE" in done.err
