"""``--help`` answers at once, without the deep-learning stack; launchers say how they are called."""

import shutil
import subprocess
import sys

import pytest
from support.processes import TOOLS

SCRIPTS = sorted(path.relative_to(TOOLS).as_posix() for path in TOOLS.rglob("*.py") if path.name[0] != "_")
LAUNCHERS = sorted(path.name for path in TOOLS.glob("*.sh") if path.name[0] != "_")
HEAVY = ("torch", "mmengine", "mmcv", "mmseg", "fcn_plugin")
# runs the script as Python would, then says what it imported
PROBE = """
import runpy, sys
path = sys.argv[1]
sys.path[0] = path.rpartition("/")[0]
sys.argv = [path, "--help"]
try:
    runpy.run_path(path, run_name="__main__")
finally:
    print("imported:", *sorted(sys.modules))
"""


def test_the_tools_are_known():
    assert {"train.py", "test.py", "predict.py", "compare.py", "dataset_converters/make_minivoc.py"} <= set(SCRIPTS)
    assert LAUNCHERS == ["dist_test.sh", "dist_train.sh", "slurm_test.sh", "slurm_train.sh"]


@pytest.mark.parametrize("name", SCRIPTS)
def test_help_imports_nothing_heavy(name):
    done = subprocess.run([sys.executable, "-c", PROBE, str(TOOLS / name)], capture_output=True, text=True, timeout=3)
    assert (done.returncode, done.stderr) == (0, "")
    usage, imported = done.stdout.split("imported:")
    assert usage.startswith(f"usage: {name.rpartition('/')[2]}")
    assert not set(HEAVY) & set(imported.split())


@pytest.mark.parametrize("name", LAUNCHERS)
def test_launcher_without_arguments_prints_its_usage(name):
    done = subprocess.run([shutil.which("bash"), str(TOOLS / name)], capture_output=True, text=True, timeout=3)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("# usage: ")
    assert name in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("path", sorted(TOOLS.glob("*.sh")), ids=lambda path: path.name)
def test_shell_syntax(path):
    done = subprocess.run([shutil.which("bash"), "-n", str(path)], capture_output=True, text=True, timeout=3)
    assert (done.returncode, done.stderr) == (0, "")
