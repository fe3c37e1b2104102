"""Two processes on the CPU: training ends well, and evaluation counts what one process counts, no image twice."""

import json
import re

import numpy as np
import pytest
import torch
from processes import TOOLS, free_port, run_process


@pytest.fixture(scope="module")
def pair(leaf, tmp_path_factory):
    """(outcome, work dir) of a training run in two processes."""
    work_dir = tmp_path_factory.mktemp("pair")
    command = ("bash", TOOLS / "dist_train.sh", leaf, 2, "--work-dir", work_dir)
    return run_process(*command, PORT=str(free_port())), work_dir


def test_training_ends_well(pair, trained):
    done, work_dir = pair
    assert done.code == 0, done.err
    assert "Traceback" not in done.err
    assert re.findall(r"Iter\(train\) \[(\d)/2\]", done.out) == ["1", "2"]  # one process speaks
    record = json.loads((work_dir / "metrics.json").read_text())
    assert record["images"] == 3
    total = np.load(trained.work_dir / "confusion.npy").sum()
    assert np.load(work_dir / "confusion.npy").sum() == total
    names = torch.load(trained.work_dir / "iter_2.pth", weights_only=False)["state_dict"].keys()
    assert torch.load(work_dir / "iter_2.pth", weights_only=False)["state_dict"].keys() == names


def test_evaluation_counts_what_one_process_counts(trained, tmp_path):
    """Three images on two processes: a sampler that rounds up would count one of them twice."""
    command = ("bash", TOOLS / "dist_test.sh", trained.config, trained.best, 2, "--work-dir", tmp_path)
    done = run_process(*command, PORT=str(free_port()))
    assert done.code == 0, done.err
    assert "Traceback" not in done.err
    assert np.array_equal(np.load(tmp_path / "confusion.npy"), np.load(trained.work_dir / "confusion.npy"))
    assert (tmp_path / "metrics.json").read_text() == (trained.work_dir / "metrics.json").read_text()


def test_a_sampler_that_counts_twice_is_refused(trained, tmp_path):
    options = ("--cfg-options", "test_dataloader.sampler.round_up=True")
    command = ("bash", TOOLS / "dist_test.sh", trained.config, trained.best, 2, "--work-dir", tmp_path, *options)
    done = run_process(*command, PORT=str(free_port()))
    assert done.code != 0
    assert "error: 4 images were evaluated, the data set has 3: set round_up=False" in done.err
    assert not (tmp_path / "metrics.json").exists()
