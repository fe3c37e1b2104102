"""docs/own_data.md: its folders and its first calls, typed as they stand there."""

import re
import shlex
import sys
from pathlib import Path

import pytest

from fcn_plugin.datatools.minivoc.writer import make_minivoc

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs" / "own_data.md").read_text()


@pytest.fixture
def folders(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make_minivoc(Path("data/minivoc/VOC2012"), train=6, val=4, size=(64, 64))
    (script,) = re.findall(r"```python\n# make_folders.py\n(.*?)```", TEXT, re.DOTALL)
    exec(compile(script, "make_folders.py", "exec"), {})
    return tmp_path


@pytest.mark.parametrize("name, found", [("palette", "mode P"), ("rgb", "mode RGB"), ("binary", "named IMAGE_mask")])
def test_new_dataset(folders, monkeypatch, capsys, name, found):
    (line,) = re.findall(rf"^\$ .venv/bin/python tools/(new_dataset.py toys_{name} .*)$", TEXT, re.MULTILINE)
    script, *words = shlex.split(line)
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    monkeypatch.setattr(sys, "argv", [script, *words])
    exec(compile((ROOT / "tools" / script).read_text(), script, "exec"), {"__name__": "__main__"})
    out = capsys.readouterr().out
    assert "10 images with masks" in out
    assert found in out
    assert "8 train, 2 val: split by lot, seed 0" in out
    assert (folders / f"configs/fcn8s_vgg16_toys_{name}.py").is_file()
