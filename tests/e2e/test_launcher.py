"""dist_train.sh around a launcher that hides what its processes end with: exit codes and signals pass."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

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

    def hear_all():
        """In the background of a script SIGINT is ignored, SIGHUP under nohup: bash can't trap what was ignored when it started."""
        for number in (signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)

    def start(mode, *words):
        words = ["bash", *(words or (TOOLS / "dist_train.sh", "config.py", "2", "--resume"))]
        env = os.environ | {"MODE": mode}
        return subprocess.Popen(words, env=env, stdout=subprocess.PIPE, text=True, preexec_fn=hear_all)

    return start


@pytest.mark.parametrize("code", [0, 1, 2])
def test_the_launchers_own_code(launch, code):
    run = launch(str(code))
    words = run.communicate(timeout=30)[0]
    assert run.returncode == code
    assert words.endswith("train.py config.py --resume --launcher pytorch\n")


def test_an_evaluation(launch):
    """All that differs from a training is the program, and that the checkpoint comes with the config."""
    run = launch("0", TOOLS / "dist_test.sh", "config.py", "net.pth", "2", "--out", "masks")
    words = run.communicate(timeout=30)[0].split()
    assert run.returncode == 0
    assert "--nproc_per_node=2" in words
    place = words.index(str(TOOLS / "test.py"))
    assert words[place + 1 :] == ["config.py", "net.pth", "--out", "masks", "--launcher", "pytorch"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGUSR1, signal.SIGHUP])
def test_a_run_that_was_told_to_stop(launch, tmp_path, number):
    """The signal reaches the launcher, whoever gets it, and 99 reaches the scheduler."""
    run = launch("wait")
    run.stdout.readline()
    time.sleep(0.1)  # the handlers are set after the launcher has started
    for _ in range(3):
        run.send_signal(number)
    run.communicate(timeout=30)
    assert run.returncode == 99
    assert [path.name for path in tmp_path.iterdir()] == ["torchrun"]  # its notes are gone


def test_a_command_that_has_not_begun_to_train(tmp_path):
    """Nothing is lost: it says so, and asks to be queued again, as soon as it has set its handlers."""
    words = [sys.executable, TOOLS / "train.py", "fcn8s_vgg16bn_minivoc", "--work-dir", tmp_path / "work"]
    run = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while not catches(run.pid, signal.SIGTERM) and run.poll() is None:
        time.sleep(0.01)
    for _ in range(3):
        run.send_signal(signal.SIGTERM)
    out, err = run.communicate(timeout=60)
    assert (run.returncode, err) == (99, "")
    assert out == "SIGTERM: stopped before the first step; start again with --resume\n"


def catches(pid, number):
    """Whether a process has a handler for a signal."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("SigCgt:")[2].split()[0], 16) >> (number - 1) & 1
