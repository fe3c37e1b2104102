"""docs/own_data.md: its folders and its first calls, typed as they stand there."""

import re
import shlex
from pathlib import Path

import pytest

from fcn_plugin.datatools.minivoc.writer import make_minivoc

TEXT = (Path(__file__).parents[1] / "docs" / "own_data.md").read_text()


@pytest.fixture
def folders(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make_minivoc(Path("data/minivoc/VOC2012"), train=6, val=4, size=(64, 64))
    (script,) = re.findall(r"```python\n# make_folders.py\n(.*?)```", TEXT, re.DOTALL)
    exec(compile(script, "make_folders.py", "exec"), {})
    return tmp_path


@pytest.mark.parametrize("name, found", [("palette", "mode P"), ("rgb", "mode RGB"), ("binary", "named IMAGE_mask")])
def test_new_dataset(folders, tool, name, found):
    (line,) = re.findall(rf"^\$ .venv/bin/python tools/new_dataset.py (toys_{name} .*)$", TEXT, re.MULTILINE)
    done = tool("new_dataset", *shlex.split(line))
    for text in ("10 images with masks", found, "8 train, 2 val: split at random, seed 0"):
        assert text in done.out
    (leaf,) = (folders / "configs").glob(
        f"fcn8s_*_toys_{name}.py"
    )  # of the net that is installed, where --net is left out
    assert done.out.endswith(f"train.py configs/{leaf.name}\n")
