"""Stages as one command: the whole chain, a kill in the middle, a stage that gets worse, a parent that is gone."""

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from processes import TESTS, TOOLS, free_port, run_process

# scores that stay at zero: every stage calls all pixels background, and none ends below its parent
QUICK = (
    "load_from=None",
    "train_cfg.max_iters=3",
    "train_cfg.val_interval=3",
    "default_hooks.checkpoint.interval=1",
    "optim_wrapper.optimizer.lr=0.0",
)


def arguments(leaf, work_dir, *options):
    return (leaf, "--work-dir", work_dir, "--check-images", 3, "--cfg-options", *QUICK, *options)


@pytest.fixture(scope="module")
def killed(leaf, tmp_path_factory):
    """A run that was killed in the second step of its second stage."""
    work_dir = tmp_path_factory.mktemp("stages") / "work"
    words = [sys.executable, TOOLS / "train_stages.py", *arguments(leaf, work_dir)]
    env = os.environ | {"PYTHONPATH": str(TESTS), "OMP_NUM_THREADS": "1"}
    said = []
    with subprocess.Popen([str(w) for w in words], env=env, stdout=subprocess.PIPE, text=True) as run:
        for line in run.stdout:
            said.append(line)
            if any(text.startswith("16s: training") for text in said) and "Iter(train) [2/3]" in line:
                run.send_signal(signal.SIGKILL)
                break
    assert run.returncode == -signal.SIGKILL, "".join(said)
    return work_dir


@pytest.fixture
def cut_off(killed, tmp_path):
    """A copy of it: ``last_checkpoint`` holds the folder's path."""
    work_dir = shutil.copytree(killed, tmp_path / "work")
    for note in work_dir.glob("*/last_checkpoint"):
        note.write_text(note.read_text().replace(str(killed), str(work_dir)))
    return work_dir


def weights(path):
    return torch.load(path, weights_only=False)["state_dict"]


def test_goes_on_after_a_kill(cut_off, leaf, tool):
    coarsest = (cut_off / "32s" / "last_checkpoint").stat().st_mtime_ns
    done = tool("train_stages", *arguments(leaf, cut_off))
    assert (done.code, done.err) == (0, "")
    assert "32s: training" not in done.out
    assert (cut_off / "32s" / "last_checkpoint").stat().st_mtime_ns == coarsest
    assert done.out.count("starts as its parent") == 1  # 8s; 16s is resumed
    steps = re.findall(r"Iter\(train\) \[(\d)/3\]", done.out)
    assert steps[-3:] == ["1", "2", "3"]
    assert 1 <= len(steps[:-3]) <= 2  # of 16s: what the kill left undone
    last = re.search(r"finished: (\S+)", done.out)[1]
    assert Path(last).parent == cut_off / "8s"
    names = {name for name in weights(last) if "score_" in name and name.endswith("weight")}
    assert names == {f"decode_head.score_{stream}.weight" for stream in ("fr", "pool4", "pool3")}


def best_of(folder):
    (path,) = folder.glob("best_mIoU_*.pth")
    return path


def change(path, score=None, **weights):
    """Rewrite a checkpoint with another score on val and other weights; None takes a tensor out."""
    checkpoint = torch.load(path, weights_only=False)
    if score is not None:
        checkpoint["message_hub"]["runtime_info"]["best_score"] = score
    for name, tensor in weights.items():
        checkpoint["state_dict"][f"decode_head.{name}.weight"] = tensor
        if tensor is None:
            del checkpoint["state_dict"][f"decode_head.{name}.weight"]
    torch.save(checkpoint, path)


def test_a_stage_starts_from_its_parents_best(cut_off, leaf, tool):
    parent = best_of(cut_off / "32s")
    scores = torch.zeros(21, 8, 1, 1)
    scores[3] = 1.0  # fc7 is never negative: one class on the whole image
    change(parent, score=0.0, score_fr=scores)
    shutil.rmtree(cut_off / "16s")
    done = tool("train_stages", *arguments(leaf, cut_off, "model.decode_head.streams=[fr,pool4]"))
    assert (done.code, done.err) == (0, "")
    assert f"16s: training in {cut_off / '16s'}, from {parent}" in done.out
    child = weights(best_of(cut_off / "16s"))
    assert torch.equal(child["decode_head.score_fr.weight"], scores)
    assert not child["decode_head.score_pool4.weight"].any()
    assert torch.equal(child["backbone.features.0.conv.weight"], weights(parent)["backbone.features.0.conv.weight"])


def test_a_finished_chain_is_not_trained_again(cut_off, leaf, tool):
    tool("train_stages", *arguments(leaf, cut_off))
    done = tool("train_stages", *arguments(leaf, cut_off))
    assert done.code == 0
    assert "Iter(train)" not in done.out
    assert [line.split(":")[0] for line in done.out.splitlines()] == ["32s", "16s", "8s", "finished"]


def test_a_stage_below_its_parent_is_not_promoted(cut_off, leaf, tool):
    best = best_of(cut_off / "32s")
    change(best, score=0.99)
    done = tool("train_stages", *arguments(leaf, cut_off))
    assert done.code == 2
    assert re.search(r"error: 16s ended at mIoU \S+, below its parent 32s at 99\.00, and is not promoted", done.err)
    assert str(best) in done.err
    assert not (cut_off / "8s").exists()
    again = tool("train_stages", *arguments(leaf, cut_off))
    assert again.code == 2
    assert "Iter(train)" not in again.out


def test_a_parent_without_best_checkpoint_stops_the_chain(cut_off, leaf, tool):
    best = best_of(cut_off / "32s")
    best.unlink()
    shutil.rmtree(cut_off / "16s")
    done = tool("train_stages", *arguments(leaf, cut_off, "model.pretrained=torchvision://vgg16"))
    assert done.code == 2
    assert f"no best_mIoU_*.pth in {cut_off / '32s'}" in done.err
    assert not (cut_off / "16s").exists()


def test_a_parent_that_lost_a_layer_stops_the_chain(cut_off, leaf, tool):
    """Loading allows new score layers: without the comparison the classifier's own would start at zero in silence."""
    best = best_of(cut_off / "32s")
    change(best, score_fr=torch.randn(21, 8, 1, 1))
    shutil.rmtree(cut_off / "16s")
    change(best, score_fr=None)
    done = tool("train_stages", *arguments(leaf, cut_off))
    assert done.code == 2
    assert "score_fr" in done.err
    assert "Iter(train)" not in done.out


def test_of_two_best_checkpoints_the_higher_counts(cut_off, leaf, tool):
    """A run that is killed between two of them leaves both."""
    best = best_of(cut_off / "32s")
    other = shutil.copy(best, best.with_name("best_mIoU_iter_1.pth"))
    change(other, score=0.99)
    done = tool("train_stages", *arguments(leaf, cut_off))
    assert f"32s: mIoU 99.00, {other}" in done.out


def test_counts_of_check_images(leaf, tool, tmp_path):
    for count in ("0", "many"):
        done = tool("train_stages", leaf, "--work-dir", tmp_path / "work", "--check-images", count)
        assert done.code == 2
        assert "--check-images" in done.err


def test_two_processes_train_one_chain(leaf, tmp_path):
    quick = ("train_cfg.max_iters=1", "train_cfg.val_interval=1")
    words = arguments(leaf, tmp_path, *quick)
    launch = ("torchrun", "--nproc_per_node", "2", "--master_port", free_port(), TOOLS / "train_stages.py")
    done = run_process(*launch, *words[:1], "--launcher", "pytorch", *words[1:], MKL_NUM_THREADS="1")
    assert done.code == 0, done.err
    said = [line.split(",")[0] for line in done.out.splitlines() if re.match(r"\d+s: training|finished", line)]
    assert said[:3] == [f"{stage}: training in {tmp_path / stage}" for stage in ("32s", "16s", "8s")]
    assert said[3:] == [f"finished: {tmp_path / '8s' / 'best_mIoU_iter_1.pth'}"]
    assert done.out.count("starts as its parent") == 2
