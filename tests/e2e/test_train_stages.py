"""Stages as one command: the whole chain, a kill in the middle, a stage that gets worse, a parent that is gone."""

import json
import re
import shutil
import signal
from pathlib import Path

import pytest
import torch
from support.forked import run_forked, run_tool
from support.forked import tool as in_a_launcher
from support.refusals import tool_refused

# scores that stay at zero: every stage calls all pixels background, and none ends below its parent
QUICK = ("load_from=None", "train_cfg.max_iters=2", "train_cfg.val_interval=2", "optim_wrapper.optimizer.lr=0.0")
QUICK += ("default_hooks.checkpoint.interval=1",)
# to be killed in
LONGER = ("train_cfg.max_iters=12", "train_cfg.val_interval=12")
KILLED = """
_base_ = {base!r}
custom_imports = dict(imports=["fcn_plugin", "support.builders", "support.faults"], allow_failed_imports=False)
custom_hooks = [dict(type="KillIn", folder="16s", step=2)]
"""


def arguments(leaf, work_dir, *options):
    return (leaf, "--work-dir", work_dir, "--check-images", 3, "--cfg-options", *QUICK, *options)


@pytest.fixture(scope="module")
def killed(leaf, tmp_path_factory):
    """A run that was killed in the second step of its second stage."""
    folder = tmp_path_factory.mktemp("stages")
    config = folder / leaf.name
    config.write_text(KILLED.format(base=str(leaf)))
    done = run_tool("train_stages", *arguments(config, folder / "work", *LONGER))
    assert done.code == -signal.SIGKILL, done.out + done.err
    return folder / "work"


@pytest.fixture
def cut_off(killed, tmp_path):
    """A copy of it; notes of the engine still name the folder it was moved from."""
    return shutil.copytree(killed, tmp_path / "work")


def weights(path):
    return torch.load(path, weights_only=False)["state_dict"]


def test_goes_on_after_a_kill(cut_off, leaf, tool):
    coarsest = (cut_off / "32s" / "last_checkpoint").stat().st_mtime_ns
    done = tool("train_stages", *arguments(leaf, cut_off, *LONGER))
    assert (done.code, done.err) == (0, "")
    assert "32s: training" not in done.out
    assert (cut_off / "32s" / "last_checkpoint").stat().st_mtime_ns == coarsest
    assert done.out.count("predicts the same as its parent") == 1  # 8s; 16s is resumed
    steps = [int(step) for step in re.findall(r"Iter\(train\) \[ ?(\d+)/12\]", done.out)]
    of_16s, of_8s = steps[:-12], steps[-12:]
    assert of_8s == [*range(1, 13)]
    assert of_16s == [*range(of_16s[0], 13)]  # what the kill left undone
    assert of_16s[0] > 1
    last = re.search(r"finished: (\S+)", done.out)[1]
    assert Path(last).parent == cut_off / "8s"
    names = {name for name in weights(last) if "score_" in name and name.endswith("weight")}
    assert names == {f"decode_head.score_{stream}.weight" for stream in ("fr", "pool4", "pool3")}


def best_of(folder):
    (path,) = folder.glob("best_mIoU_*.pth")
    return path


def change(path, **weights):
    """Rewrite weights of a checkpoint; None takes a tensor out."""
    checkpoint = torch.load(path, weights_only=False)
    for name, tensor in weights.items():
        checkpoint["state_dict"][f"decode_head.{name}.weight"] = tensor
        if tensor is None:
            del checkpoint["state_dict"][f"decode_head.{name}.weight"]
    torch.save(checkpoint, path)


def set_score(folder, score):
    """Rewrite the score of a finished stage."""
    note = json.loads((folder / "finished.json").read_text())
    (folder / "finished.json").write_text(json.dumps(note | {"score": score}))


def test_a_stage_starts_from_its_parents_best(cut_off, leaf, tool):
    parent = best_of(cut_off / "32s")
    scores = torch.zeros(21, 8, 1, 1)
    scores[3] = 1.0  # fc7 is never negative: one class on the whole image
    change(parent, score_fr=scores)
    set_score(cut_off / "32s", 0.0)
    shutil.rmtree(cut_off / "16s")
    done = tool("train_stages", *arguments(leaf, cut_off, "model.decode_head.streams=[fr,pool4]"))
    assert (done.code, done.err) == (0, "")
    assert f"16s: training in {cut_off / '16s'}, from {parent}" in done.out
    child = weights(best_of(cut_off / "16s"))
    assert torch.equal(child["decode_head.score_fr.weight"], scores)
    assert not child["decode_head.score_pool4.weight"].any()
    assert torch.equal(child["backbone.features.0.conv.weight"], weights(parent)["backbone.features.0.conv.weight"])


def test_a_finished_chain_is_not_trained_again(cut_off, leaf, tool):
    tool("train_stages", *arguments(leaf, cut_off, *LONGER))
    done = tool("train_stages", *arguments(leaf, cut_off, *LONGER))
    assert done.code == 0
    assert "Iter(train)" not in done.out
    assert [line.split(":")[0] for line in done.out.splitlines()] == ["32s", "16s", "8s", "finished"]


def test_a_stage_below_its_parent_is_not_promoted(cut_off, leaf, tool):
    best = best_of(cut_off / "32s")
    set_score(cut_off / "32s", 99.0)
    done = tool("train_stages", *arguments(leaf, cut_off, *LONGER))
    tool_refused(done, cut_off / "8s", "stage-worse", "16s", "32s at 99.00", best)
    assert not (cut_off / "8s").exists()
    again = tool("train_stages", *arguments(leaf, cut_off, *LONGER))
    assert again.code == 2
    assert "Iter(train)" not in again.out


def test_a_parent_that_is_gone_stops_the_chain(cut_off, leaf, tool):
    best_of(cut_off / "32s").unlink()
    shutil.rmtree(cut_off / "16s")
    done = tool("train_stages", *arguments(leaf, cut_off, *LONGER, "model.pretrained=torchvision://vgg16"))
    tool_refused(done, cut_off / "16s", "checkpoint-missing", cut_off / "32s" / "best_mIoU_iter_12.pth")
    assert not (cut_off / "16s").exists()


def test_a_stage_killed_in_its_last_validation_makes_up_for_it(cut_off, leaf, tool):
    """After the last step, the old best checkpoint deleted and the new one not yet written."""
    best = best_of(cut_off / "32s")
    best.unlink()
    (cut_off / "32s" / "finished.json").write_text('{"best": "best.pth"}')  # damaged, which is as good as none
    done = tool("train_stages", *arguments(leaf, cut_off, *LONGER))
    assert done.code == 0, done.err
    assert f"the best checkpoint {best} is missing" in done.out
    assert best_of(cut_off / "32s") == best
    assert json.loads((cut_off / "32s" / "finished.json").read_text())["best"] == best.name


def test_a_parent_that_lost_a_layer_stops_the_chain(cut_off, leaf, tool):
    """Loading allows new score layers: without the comparison the classifier's own would start at zero in silence."""
    best = best_of(cut_off / "32s")
    change(best, score_fr=None)
    shutil.rmtree(cut_off / "16s")
    done = tool("train_stages", *arguments(leaf, cut_off, *LONGER))
    tool_refused(done, cut_off / "16s", "checkpoint-fit", best, "score_fr")
    assert "Iter(train)" not in done.out


def test_a_wrong_note_of_the_best_is_set_right(cut_off, leaf, tool):
    """The run's own checkpoint decides, whatever an earlier run or a kill left in ``best.json``."""
    folder = cut_off / "32s"
    (folder / "finished.json").unlink()
    best = best_of(folder)
    other = shutil.copy(best, folder / "best_mIoU_iter_1.pth")
    (folder / "best.json").write_text(json.dumps(dict(mIoU=dict(file=other.name, score=0.99))))
    done = tool("train_stages", *arguments(leaf, cut_off, *LONGER))
    assert re.search(rf"32s: mIoU \d\.\d+, {best}", done.out), done.out


def test_counts_of_check_images(leaf, tool, tmp_path):
    for count in ("0", "many"):
        done = tool("train_stages", leaf, "--work-dir", tmp_path / "work", "--check-images", count)
        assert done.code == 2
        assert "--check-images" in done.err


def test_two_processes_train_one_chain(leaf, tmp_path):
    quick = ("train_cfg.max_iters=1", "train_cfg.val_interval=1")
    words = arguments(leaf, tmp_path, *quick)
    done, other = run_forked(2, in_a_launcher, "train_stages", *words)
    assert (done.code, other.code) == (0, 0), done.err + other.err
    said = [line.split(",")[0] for line in done.out.splitlines() if re.match(r"\d+s: training|finished", line)]
    assert said[:3] == [f"{stage}: training in {tmp_path / stage}" for stage in ("32s", "16s", "8s")]
    assert said[3:] == [f"finished: {tmp_path / '8s' / 'best_mIoU_iter_1.pth'}"]
    assert done.out.count("predicts the same as its parent") == 2


def test_a_fault_in_a_later_stage_is_found_before_the_first_step(leaf, tool, tmp_path):
    parent = tmp_path / "16s.py"
    parent.write_text(f'_base_ = "{leaf}"\nmodel = dict(decode_head=dict(streams=("fr", "pool4")))\n')
    child = tmp_path / "8s.py"
    child.write_text(f'_base_ = "{leaf}"\nparent = "{parent}"\nmodel = dict(decode_head=dict(num_classes=20))\n')
    done = tool("train_stages", *arguments(child, tmp_path / "work"))
    tool_refused(done, tmp_path / "work", "classes-count", child, "model.decode_head.num_classes is 20")
    assert not (tmp_path / "work").exists()
