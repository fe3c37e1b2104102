"""Several processes stop after the same step, whichever of them got the signal, and a resumed run ends as an undisturbed one."""

import os

import pytest
import torch
from support.crash_runs import ALONE, differences, end_state, load, write_config
from support.forked import values

from fcn_plugin.commands.train import train

pytestmark = pytest.mark.skipif(torch.cuda.is_available(), reason="processes are forked without a GPU's threads")

STEPS = 12


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    return write_config(tmp_path_factory.mktemp("together"), STEPS, saves=6, validations=12)


def run(rank, config, work_dir, victim=None, note=None):
    """The exit code of a process; ``victim`` is the rank that gets a signal in step 3, ``note`` the launcher's file."""
    hooks = [] if victim is None else [dict(type="SignalOne", step=3, name="SIGTERM", rank=victim)]
    cfg = load(config, work_dir, custom_hooks=hooks, default_hooks__stop=dict(type="StopHook", interval=2), **ALONE)
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


@pytest.mark.parametrize("victim", [0, 1])
def test_one_of_two_gets_a_signal(config, reference, tmp_path, victim):
    work_dir = tmp_path / "work"
    note = tmp_path / "note" if victim else None  # torchrun takes 99 for a failure, and its script knows of the note
    assert values(2, run, config, work_dir, victim, note) == ([0, 0] if note else [99, 99])
    assert note is None or note.exists()
    assert [path.name for path in work_dir.glob("*.pth")] == ["iter_4.pth"]
    assert values(2, run, config, work_dir) == [0, 0]
    assert differences(reference, end_state(work_dir, STEPS)) == []
