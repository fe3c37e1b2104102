"""The wheel carries configs and tools where MIM looks for them, and finds its configs without the checkout."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ASK = """
import runpy, sys
sys.argv = ["fcn", "train", "fcn4s"]
try:
    runpy.run_module("fcn_cli", run_name="__main__")
except SystemExit as end:
    print(f"exit code {end.code}")
import fcn_plugin
cfg = fcn_plugin.get_config("fcn8s_vgg16_voc")
print(cfg.filename, cfg.model.decode_head.streams)
from mmseg.apis import MMSegInferencer
print(len(MMSegInferencer.list_models("fcn_plugin")))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    source = tmp_path_factory.mktemp("wheel") / "source"  # a build leaves files beside its sources
    source.mkdir()
    for name in ("fcn_plugin", "benchmarks", "configs", "tools"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__", ".mim"))
    for name in ("fcn_cli.py", "model-index.yml", "setup.py", "pyproject.toml", "MANIFEST.in", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    build = [sys.executable, "-m", "pip", "wheel", ".", "--no-deps", "--no-build-isolation", "-q", "-w", str(source)]
    subprocess.run(build, cwd=source, check=True, timeout=120, capture_output=True)
    (wheel,) = source.glob("*.whl")
    return wheel


def test_holds_every_config_and_tool_and_no_benchmark(wheel):
    packed = set(zipfile.ZipFile(wheel).namelist())
    files = [
        ROOT / "model-index.yml",
        *(path for folder in ("configs", "tools") for path in (ROOT / folder).rglob("*.*")),
    ]
    wanted = {f"fcn_plugin/.mim/{p.relative_to(ROOT)}" for p in files if p.suffix in (".py", ".sh", ".yml")}
    page = {str(p.relative_to(ROOT)) for p in (ROOT / "fcn_plugin/export/web/page").iterdir()}
    assert {*wanted, *page, "fcn_cli.py", "fcn_plugin/py.typed"} <= packed and len(page) > 5
    assert not [name for name in packed if "benchmarks" in name or "tests" in name]


def test_finds_its_configs_and_commands(wheel, tmp_path):
    """Also by name, as OpenMMLab's programs do; ``fcn`` needs no checkout either."""
    zipfile.ZipFile(wheel).extractall(tmp_path)
    env = {"PYTHONPATH": str(tmp_path)}
    run = subprocess.run([sys.executable, "-c", ASK], cwd=tmp_path, env=env, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert run.stderr.startswith("error: [config-file] ")
    assert "fcn8s_vgg16_voc" in run.stderr
    lines = run.stdout.splitlines()
    assert lines[0] == "exit code 2"
    assert f"{tmp_path}/fcn_plugin/.mim/configs/fcn8s_vgg16_voc.py ('fr', 'pool4', 'pool3')" in lines
    assert int(lines[-1]) > 20
