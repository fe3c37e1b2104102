"""``--help`` answers at once, without the deep-learning stack; launchers say how they are called."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.processes import TOOLS

from fcn_cli import COMMANDS

SCRIPTS = sorted(path.relative_to(TOOLS).as_posix() for path in TOOLS.rglob("*.py") if path.name[0] != "_")
LAUNCHERS = sorted(path.name for path in TOOLS.glob("*.sh") if path.name[0] != "_")
HEAVY = {"torch", "mmengine", "mmcv", "mmseg", "numpy", "PIL", "fcn_plugin.models"}
FCN = Path(sys.executable).with_name("fcn")
# runs the script as Python would, then says what it imported
PROBE = """
import runpy, sys
_, path, *words = sys.argv
sys.path[0] = path.rpartition("/")[0]
sys.argv = [path, *words, "--help"]
try:
    runpy.run_path(path, run_name="__main__")
finally:
    print("imported:", *sorted(sys.modules))
"""


def test_every_tool_is_a_command():
    assert sorted(Path(name).stem for name in SCRIPTS) == sorted(COMMANDS)
    assert LAUNCHERS == ["dist_test.sh", "dist_train.sh", "slurm_test.sh", "slurm_train.sh"]


@pytest.mark.parametrize(
    "words", [[TOOLS / name] for name in SCRIPTS] + [[FCN], [FCN, "train"]], ids=lambda words: str(words[-1])
)
def test_help_imports_nothing_heavy(words):
    done = subprocess.run([sys.executable, "-c", PROBE, *words], capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stderr) == (0, "")
    usage, imported = done.stdout.split("imported:")
    assert usage.startswith(f"usage: {' '.join([words[0].name, *words[1:]])}")
    assert not HEAVY & set(imported.split())


def test_help_lists_every_command():
    done = subprocess.run([FCN, "--help"], capture_output=True, text=True, timeout=30)
    assert re.findall(r"^    (\w+)", done.stdout, re.MULTILINE) == list(COMMANDS)


def test_a_tool_without_the_package():
    """An interpreter that has not got it: -S leaves out what is installed."""
    done = subprocess.run([sys.executable, "-S", TOOLS / "train.py"], capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"error: [requirements] fcn_plugin is not installed for {sys.executable}: ")
    assert "pip install -e ." in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("name", LAUNCHERS)
def test_launcher_without_arguments_prints_its_usage(name):
    done = subprocess.run([shutil.which("bash"), str(TOOLS / name)], capture_output=True, text=True, timeout=30)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("# usage: ")
    assert name in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("path", sorted(TOOLS.glob("*.sh")), ids=lambda path: path.name)
def test_shell_syntax(path):
    done = subprocess.run([shutil.which("bash"), "-n", str(path)], capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stderr) == (0, "")
