"""The wheel carries configs and tools where MIM looks for them, and finds its configs without the checkout."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    source = tmp_path_factory.mktemp("wheel") / "source"  # a build leaves files beside its sources
    source.mkdir()
    for name in ("fcn_plugin", "configs", "tools"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__", ".mim"))
    for name in ("setup.py", "pyproject.toml", "MANIFEST.in", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    build = [sys.executable, "-m", "pip", "wheel", ".", "--no-deps", "--no-build-isolation", "-q", "-w", str(source)]
    subprocess.run(build, cwd=source, check=True, timeout=120, capture_output=True)
    (wheel,) = source.glob("*.whl")
    return wheel


def test_holds_every_config_and_tool(wheel):
    packed = set(zipfile.ZipFile(wheel).namelist())
    for folder in ("configs", "tools"):
        files = [p for p in (ROOT / folder).rglob("*") if p.is_file() and p.suffix in (".py", ".sh")]
        assert {f"fcn_plugin/.mim/{p.relative_to(ROOT)}" for p in files} <= packed


def test_finds_its_configs(wheel, tmp_path):
    zipfile.ZipFile(wheel).extractall(tmp_path)
    ask = (
        "import fcn_plugin; cfg = fcn_plugin.get_config('fcn8s_vgg16_voc'); "
        "print(cfg.filename, cfg.model.decode_head.streams)"
    )
    run = subprocess.run(
        [sys.executable, "-c", ask], cwd=tmp_path, env={"PYTHONPATH": str(tmp_path)}, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip() == f"{tmp_path}/fcn_plugin/.mim/configs/fcn8s_vgg16_voc.py ('fr', 'pool4', 'pool3')"
