"""dist_train.sh around a launcher that hides what its processes end with: exit codes and signals pass."""

import os
import signal
import subprocess
import time

import pytest
from support.processes import TOOLS

# in torchrun's place: as a run that is told to stop and saves, a run that fails, one that ends well
TORCHRUN = """#!/usr/bin/env bash
trap 'touch "$FCN_STOP_NOTE"; exit 1' TERM
echo "$@"
case $MODE in
    wait) while :; do sleep 0.05; done ;;
    *) exit "$MODE" ;;
esac
"""


@pytest.fixture
def launch(tmp_path, monkeypatch):
    (tmp_path / "torchrun").write_text(TORCHRUN)
    (tmp_path / "torchrun").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("TMPDIR", str(tmp_path))

    def hear_ctrl_c():
        """In the background of a script SIGINT is ignored, and bash can't trap what was ignored when it started."""
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    def start(mode):
        words = ["bash", TOOLS / "dist_train.sh", "config.py", "2", "--resume"]
        env = os.environ | {"MODE": mode}
        return subprocess.Popen(words, env=env, stdout=subprocess.PIPE, text=True, preexec_fn=hear_ctrl_c)

    return start


@pytest.mark.parametrize("code", [0, 1, 2])
def test_the_launchers_own_code(launch, code):
    run = launch(str(code))
    words = run.communicate(timeout=30)[0]
    assert run.returncode == code
    assert words.endswith("train.py config.py --resume --launcher pytorch\n")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGUSR1])
def test_a_run_that_was_told_to_stop(launch, tmp_path, number):
    """The signal reaches the launcher, whoever gets it, and 99 reaches the scheduler."""
    run = launch("wait")
    run.stdout.readline()
    time.sleep(0.1)  # the handlers are set after the launcher has started
    run.send_signal(number)
    run.communicate(timeout=30)
    assert run.returncode == 99
    assert not list(tmp_path.glob("fcn_stopped.*"))
