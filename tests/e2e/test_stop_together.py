"""Several processes stop after the same step, whichever of them was told, and go on as if they had not."""

import os

import pytest
import torch
from support.crash_runs import differences, end_state, load, write_config
from support.forked import values

from fcn_plugin.commands.train import train

pytestmark = pytest.mark.skipif(torch.cuda.is_available(), reason="processes are forked without a GPU's threads")

STEPS = 12


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    return write_config(tmp_path_factory.mktemp("together"), STEPS, saves=6, validations=12)


def run(rank, config, work_dir, told=None, note=None):
    """The exit code of one of two processes; ``told`` is the one that gets a signal in step 3, ``note`` the launcher's file."""
    hooks = [] if told is None else [dict(type="SignalOne", step=3, name="SIGTERM", rank=told)]
    cfg = load(
        config,
        work_dir,
        custom_hooks=hooks,
        default_hooks__stop=dict(type="StopHook", interval=2),
        train_dataloader__num_workers=0,
        train_dataloader__persistent_workers=False,
    )
    cfg.launcher = "pytorch"
    if note:
        os.environ["FCN_STOP_NOTE"] = str(note)
    try:
        train(cfg, "auto")
    except SystemExit as stop:
        return stop.code
    return 0


@pytest.fixture(scope="module")
def reference(config, tmp_path_factory):
    work_dir = tmp_path_factory.mktemp("undisturbed") / "work"
    assert values(2, run, config, work_dir) == [0, 0]
    return end_state(work_dir, STEPS)


@pytest.mark.parametrize("told", [0, 1])
def test_one_of_two_is_told(config, reference, tmp_path, told):
    work_dir = tmp_path / "work"
    note = tmp_path / "note" if told else None  # torchrun takes 99 for a failure, and its script knows of the note
    assert values(2, run, config, work_dir, told, note) == ([0, 0] if note else [99, 99])
    assert note is None or note.exists()
    assert [path.name for path in work_dir.glob("*.pth")] == ["iter_4.pth"]
    assert values(2, run, config, work_dir) == [0, 0]
    assert differences(reference, end_state(work_dir, STEPS)) == []
