"""On a GPU as on the CPU: a run that is stopped and resumed ends as the undisturbed one, in every precision."""

import sys

import pytest
import torch
from support.crash_runs import differences, end_state, write_config
from support.processes import TOOLS, run_process

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")

STEPS = 12
STOP = """
_base_ = {base!r}
custom_hooks = [dict(type="SignalGroup", step=5, name="SIGTERM")]
"""


@pytest.mark.parametrize("precision", ["off", "bf16", "fp16"])
def test_stopped_and_resumed(tmp_path, precision):
    config = write_config(tmp_path, STEPS, saves=6, validations=12)
    stopping = tmp_path / "stopping.py"
    stopping.write_text(STOP.format(base=str(config)))

    def train(config, work_dir):
        # a group of its own, as the signal is for the whole group
        words = ("setsid", "--wait", sys.executable, TOOLS / "train.py", config, "--work-dir", tmp_path / work_dir)
        return run_process(*words, "--resume", "--amp", precision)

    assert train(config, "whole").code == 0
    assert train(stopping, "work").code == 99
    resumed = train(config, "work")
    assert resumed.code == 0, resumed.err
    assert differences(end_state(tmp_path / "whole", STEPS), end_state(tmp_path / "work", STEPS)) == []
