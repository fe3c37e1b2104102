"""Averaged weights (mmengine's EMAHook): what is saved, what is evaluated, what training goes on from."""

import json

import pytest
import torch
from support.forked import run_tool
from support.processes import Run

MOMENTUM = 0.25
ENTRIES = ("type=EMAHook", f"momentum={MOMENTUM}", "update_buffers=True")
EMA = [f"default_hooks.ema.{entry}" for entry in ENTRIES]
NO_MOMENTUM = ("optim_wrapper.optimizer.lr=0.05", "optim_wrapper.optimizer.momentum=0.0")
BN_MEAN = "backbone.features.0.bn.running_mean"
SCORE = "decode_head.score_fr.weight"


def options(steps, *more):
    every = (f"train_cfg.max_iters={steps}", f"train_cfg.val_interval={steps}", "default_hooks.checkpoint.interval=1")
    return ("--cfg-options", *NO_MOMENTUM, *every, "default_hooks.checkpoint.max_keep_ckpts=-1", *more)


def load(work_dir, step):
    return torch.load(work_dir / f"iter_{step}.pth", weights_only=False)


@pytest.fixture(scope="module")
def averaged(leaf, tmp_path_factory):
    """Three steps with an average beside the net."""
    work_dir = tmp_path_factory.mktemp("ema") / "work"
    done = run_tool("train", leaf, "--work-dir", work_dir, *options(3, *EMA))
    assert (done.code, done.err) == (0, ""), done.err
    return Run(done.code, done.out, done.err, work_dir, leaf)


@pytest.mark.parametrize("name", [SCORE, BN_MEAN])
def test_checkpoints_hold_the_average_as_the_nets_weights(averaged, name):
    trained = [load(averaged.work_dir, step)["ema_state_dict"][f"module.{name}"] for step in (1, 2, 3)]
    expected = trained[0]
    for step, tensor in enumerate(trained[1:], start=2):
        assert not torch.equal(tensor, trained[step - 2])
        expected = (1 - MOMENTUM) * expected + MOMENTUM * tensor
        torch.testing.assert_close(load(averaged.work_dir, step)["state_dict"][name], expected)


@pytest.mark.parametrize("tta", [(), ("--tta",)], ids=["plain", "tta"])
def test_the_average_is_what_is_evaluated(averaged, tool, tmp_path, tta):
    """With and without the hook in the config, and as a file of the average alone."""
    state = load(averaged.work_dir, 3)["state_dict"]
    torch.save({"state_dict": state}, tmp_path / "average.pth")
    scores = []
    for folder, path, more in (
        ("hook", averaged.work_dir / "iter_3.pth", ("--cfg-options", *EMA)),
        ("plain", tmp_path / "average.pth", ()),
    ):
        done = tool("test", averaged.config, path, "--work-dir", tmp_path / folder, *tta, *more)
        assert (done.code, done.err) == (0, "")
        scores.append(json.loads((tmp_path / folder / "metrics.json").read_text()))
    assert scores[0] == scores[1]
    if not tta:  # validation in training saw the average as well
        assert scores[0] == json.loads((averaged.work_dir / "metrics.json").read_text())


def test_resuming_goes_on_from_the_trained_weights(averaged, tool, tmp_path):
    """A loss of 0 moves nothing: what one more step leaves as trained is what was trained, not the average."""
    more = options(4, *EMA, "model.decode_head.loss_decode.loss_weight=0.0")
    done = tool("train", averaged.config, "--work-dir", tmp_path, "--resume", averaged.work_dir / "iter_3.pth", *more)
    assert (done.code, done.err) == (0, ""), done.err
    before, after = load(averaged.work_dir, 3), load(tmp_path, 4)
    average, trained = before["state_dict"][SCORE], before["ema_state_dict"][f"module.{SCORE}"]
    assert (average - trained).abs().max() > 1e-3
    assert torch.equal(after["ema_state_dict"][f"module.{SCORE}"], trained)
    torch.testing.assert_close(after["state_dict"][SCORE], average.lerp(trained, MOMENTUM))
    assert after["ema_state_dict"]["steps"] == 4
