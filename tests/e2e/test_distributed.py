"""Two processes on the CPU: training ends well, and evaluation counts what one process counts, no image twice."""

import json
import os
import re

import numpy as np
import pytest
import torch
from mmengine.dist import get_rank
from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from support.forked import free_port, run_forked, tool
from support.processes import TESTS, TOOLS, Outcome, run_process

pytestmark = pytest.mark.skipif(torch.cuda.is_available(), reason="gloo, and processes forked without a GPU's threads")

EVERY_STEP = "default_hooks.checkpoint.interval=1"
KILL = """
import os, signal
from mmengine.dist import get_rank
from mmengine.hooks import Hook
from mmengine.registry import HOOKS

@HOOKS.register_module()
class KillHook(Hook):
    def after_train_iter(self, runner, *args, **kwargs):
        if get_rank() == 1 and os.environ["TORCHELASTIC_RESTART_COUNT"] == "0":
            os.kill(os.getpid(), signal.SIGKILL)
"""


@HOOKS.register_module()
class RankWeightsHook(Hook):
    """Keeps the weights that each process has at the end."""

    def after_train_iter(self, runner, *args, **kwargs):
        weights = dict(runner.model.module.named_parameters())
        torch.save(weights, f"{runner.work_dir}/rank{get_rank()}.pth")


def in_pair(name, *words):
    """A tool in two processes."""
    ended = run_forked(2, tool, name, *words)
    code = next((process.code for process in ended if process.code != 0), 0)
    return Outcome(code, "".join(process.out for process in ended), "".join(process.err for process in ended))


def train_pair(config, work_dir, *options):
    return in_pair("train", config, "--work-dir", work_dir, "--cfg-options", EVERY_STEP, *options)


@pytest.fixture(scope="module")
def pair(leaf, tmp_path_factory):
    """(outcome, work dir) of a training run in two processes."""
    work_dir = tmp_path_factory.mktemp("pair")
    return train_pair(leaf, work_dir), work_dir


def test_training_ends_well(pair, trained):
    done, work_dir = pair
    assert (done.code, done.err) == (0, "")
    assert re.findall(r"Iter\(train\) \[(\d)/2\]", done.out) == ["1", "2"]  # the main process alone prints
    assert_complete(work_dir, trained)


def assert_complete(work_dir, trained):
    """Scores of the three images, and the checkpoint of the second step with all of one process's tensors."""
    assert json.loads((work_dir / "metrics.json").read_text())["images"] == 3
    assert np.load(work_dir / "confusion.npy").sum() == np.load(trained.work_dir / "confusion.npy").sum()
    names = torch.load(trained.work_dir / "iter_2.pth", weights_only=False)["state_dict"].keys()
    assert torch.load(work_dir / "iter_2.pth", weights_only=False)["state_dict"].keys() == names


def test_gradients_in_bf16_differ_by_their_rounding(leaf, pair, tmp_path):
    """One step of plain SGD's size: bfloat16 rounds to 2^-8 of a value, once each gradient and once their sum."""
    config = tmp_path / "compressed.py"
    config.write_text(
        f"""
_base_ = {str(leaf)!r}
custom_hooks = [dict(type="RankWeightsHook")]
train_cfg = dict(max_iters=1, val_interval=1)
gradient_compression = "bf16"
"""
    )
    done = train_pair(config, tmp_path)
    assert done.code == 0, done.err
    first, second = (torch.load(tmp_path / f"rank{rank}.pth", weights_only=False) for rank in range(2))
    start = torch.load(leaf.with_name("start.pth"))
    exact = torch.load(pair[1] / "iter_1.pth", weights_only=False)["state_dict"]
    assert any(not torch.equal(first[name], exact[name]) for name in first)
    for name in first:
        assert torch.equal(first[name], second[name])
        assert (first[name] - exact[name]).norm() <= 2**-7 * (exact[name] - start[name]).norm(), name


def test_an_optimizer_spread_over_the_processes_trains_and_saves_what_one_does(leaf, pair, tmp_path):
    """ZeRO: each process keeps the momenta of half the weights; the checkpoint has them all."""
    optimizer = "optim_wrapper.optimizer"
    done = train_pair(leaf, tmp_path, f"{optimizer}.type=ZeroRedundancyOptimizer", f"{optimizer}.optimizer_type=SGD")
    assert done.code == 0, done.err
    spread, whole = (torch.load(folder / "iter_2.pth", weights_only=False) for folder in (tmp_path, pair[1]))
    torch.testing.assert_close(spread["state_dict"], whole["state_dict"], rtol=0, atol=0)
    torch.testing.assert_close(spread["optimizer"]["state"], whole["optimizer"]["state"], rtol=0, atol=0)


def test_a_sampler_that_counts_twice_is_refused(trained, tmp_path):
    options = ("--work-dir", tmp_path, "--cfg-options", "test_dataloader.sampler.round_up=True")
    done = in_pair("test", trained.config, trained.best, *options)
    assert done.code == 2
    assert "error: [config-value] 4 images were evaluated, but the data set has 3: set round_up=False" in done.err
    assert not (tmp_path / "metrics.json").exists()


def test_two_processes_evaluate_as_one_does(trained, tmp_path):
    """Three images on two processes: a sampler that rounds up would count one of them twice. ``dist_test.sh``: test_launcher.py."""
    done = in_pair("test", trained.config, trained.best, "--work-dir", tmp_path)
    assert done.code == 0, done.err
    assert "Traceback" not in done.err
    assert np.array_equal(np.load(tmp_path / "confusion.npy"), np.load(trained.work_dir / "confusion.npy"))
    assert (tmp_path / "metrics.json").read_text() == (trained.work_dir / "metrics.json").read_text()


def test_the_launcher_starts_processes_again(leaf, trained, tmp_path):
    """One of two is killed after the first step; the launcher says so, ends the other and starts both, and the run goes on."""
    (tmp_path / "kill.py").write_text(KILL)
    config = tmp_path / "killed.py"
    config.write_text(
        f"""
_base_ = {str(leaf)!r}
custom_imports = dict(imports=["fcn_plugin", "support.builders", "kill"], allow_failed_imports=False)
custom_hooks = [dict(type="KillHook")]
"""
    )
    command = ("bash", TOOLS / "dist_train.sh", config, 2, "--work-dir", tmp_path, "--cfg-options", EVERY_STEP)
    where = dict(PORT=str(free_port()), PYTHONPATH=f"{TESTS}{os.pathsep}{tmp_path}")
    done = run_process(*command, **where, MAX_RESTARTS="1")
    assert done.code == 0, done.err
    assert done.err.count("failed (exitcode: -9) local_rank: 1") == 1
    assert "Traceback" not in done.err
    assert_complete(tmp_path, trained)
