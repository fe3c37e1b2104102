"""Configs inside checkpoints, which the engine runs as programs: values stay, and whatever does more goes."""

import pytest
import torch
from mmengine.config import Config

from fcn_plugin.checkpoints.config_text import PLACES, is_plain
from fcn_plugin.checkpoints.pickles import trusting
from fcn_plugin.checkpoints.read import read_checkpoint
from fcn_plugin.configs import config_dir, get_config

NAMES = sorted(path.stem for path in config_dir().glob("*.py"))


@pytest.mark.parametrize("name", NAMES)
def test_texts_that_runs_write_are_plain(name):
    assert is_plain(get_config(name).pretty_text)


@pytest.mark.parametrize(
    "text",
    [
        "a = 1\nb = dict(c=[-1, 2.5, 'x', None, True], d={'e': (1,)})",
        "# a comment\n",
        "custom_imports = dict(imports=['fcn_plugin', 'mmseg.models', 'numpy'], allow_failed_imports=False)",
        Config(dict(a=float("1e-10"), b=dict(type="FCN", c=(1, 2)))).pretty_text,
    ],
)
def test_values(text):
    assert is_plain(text)


@pytest.mark.parametrize(
    "text",
    [
        "import os",
        "from os import system",
        "open('made', 'w')",
        "a = __import__('os').system('touch made')",
        "a = dict(b=print())",
        "a = dict(**vars())",
        "a = [x for x in (1,)]",
        "a = (lambda: 1)()",
        "a = f'{print()}'",
        "dict = print\na = dict(1)",
        "a = dict\nb = a(c=1)",
        "a.b = 1",
        "a = b = 1\nimport os",
        "class A: pass",
        "a = 1 if print() else 2",
        "not Python at all",
        "x = {}[open('made', 'w').write('x')] = 1",
        'x = {{\'$NOPE:1|open("made", "w")#\'}}',
        "x = '{{ fileDirname }}'",
        "_base_ = '/elsewhere/base.py'",
        "custom_imports = dict(imports=['antigravity'])",
        "custom_imports = dict(imports=[1, 'some.module.nobody_has'])",
        "filename = 'x'",
        b"a = 1",
        7,
    ],
)
def test_programs(text):
    assert not is_plain(text)


def texts_read(tmp_path, text):
    """What is read of a file with the text in all places."""
    content = {"state_dict": {}, "meta": {"iter": 3}, "message_hub": {"runtime_info": {"iter": 3}}}
    for *folders, name in PLACES:
        node = content
        for folder in folders:
            node = node[folder]
        node[name] = text
    torch.save(content, tmp_path / "net.pth")
    content = read_checkpoint(str(tmp_path / "net.pth"))
    assert content["meta"].pop("iter") == content["message_hub"]["runtime_info"].pop("iter") == 3
    return [*content["meta"].values(), *content["message_hub"]["runtime_info"].values()]


def test_programs_are_left_out_and_the_rest_stays(tmp_path):
    assert texts_read(tmp_path, "import os") == []
    assert texts_read(tmp_path, "a = 1") == ["a = 1"] * 4
    with trusting():
        assert texts_read(tmp_path, "import os") == ["import os"] * 4
