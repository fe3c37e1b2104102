"""Configs inside checkpoints, which the engine runs as programs: values stay, and whatever does more goes."""

import random

import pytest
import torch
from mmengine.config import Config
from mmseg.apis import MMSegInferencer

from fcn_plugin.checkpoints.config_text import PLACES, config_text, is_plain
from fcn_plugin.checkpoints.pickles import trusting
from fcn_plugin.checkpoints.read import read_checkpoint
from fcn_plugin.configs import config_dir, get_config

NAMES = sorted(path.stem for path in config_dir().glob("*.py"))


@pytest.mark.parametrize("name", NAMES)
def test_texts_that_runs_write_are_plain(name):
    cfg = get_config(name)
    assert is_plain(cfg.pretty_text)  # as version 1 wrote them
    assert is_plain(config_text(cfg.to_dict()))


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
        "custom_imports = dict(imports=['mmpretrain.models.multimodal.ram.gradio_demo'])",
        "custom_imports = dict([('imports', ['antigravity'])])",
        "a = -dict()",
        "a = " + "-" * 100_000 + "1",
        "a = '" + "x" * 2**20 + "'",
        # what the engine imports, or calls with the rest
        "model = dict(type='os.mkdir', path='made')",
        "model = dict(type='FCN', head=[dict(loss=(dict(type='antigravity'),))])",
        "model = dict([('type', 'os.mkdir')])",
        "model = dict(**{'type': 'os.mkdir'})",
        "model = {'ty' 'pe': 'os.mkdir'}",
        "model = dict(type='mmengine.dump', obj=1, file='made.json')",
        "model = dict(type='mmengine.fileio.rmtree')",
        "model = dict(type='mmseg.models.FCN')",
        "model = dict(type='FCN', _scope_='antigravity')",
        "model = dict(type=5)",
        "test_dataloader = dict(collate_fn='os.system')",
        "test_dataloader = dict(collate_fn=dict(type='os.system'))",
        # registered, and run what they are given
        "test_pipeline = [dict(type='mmpretrain.torchvision/ConvertImageDtype', dtype='float or print()')]",
        "model = dict(type='FCN', loss=dict(type='CrossEntropyLoss', class_weight='https://somewhere/weights.pkl'))",
        "model = dict(type='FCN', loss=dict(type='CrossEntropyLoss', class_weight='pickle'))",
        "model = dict(type='FCN', loss=dict(type='CrossEntropyLoss', class_weight='weights.yaml'))",
        "model = dict(type='TIMMBackbone', model_name='hf-hub:somebody/else', pretrained=True)",
        "model = dict(type='mmpretrain.TIMMBackbone')",
        "model = dict(type='VPD', diffusion_cfg=dict(target='os.system'))",
        "model = dict(type='mmpretrain.ImageToImageRetriever', prototype='features.pth')",
        # write elsewhere, or to others
        "visualizer = dict(type='SegLocalVisualizer', save_dir='/home')",
        "visualizer = dict(type='SegLocalVisualizer', vis_backends=[dict(type='LocalVisBackend', save_dir='/home')])",
        "visualizer = dict(type='SegLocalVisualizer', vis_backends=[dict(type='WandbVisBackend')])",
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


def test_an_inferencer_runs_nothing_of_its_weights(tmp_path):
    text = f"model = dict(type='os.mkdir', path={str(tmp_path / 'made')!r})"
    torch.save(
        {"state_dict": {}, "meta": {"cfg": text}, "message_hub": {"runtime_info": {"cfg": text}}}, tmp_path / "a.pth"
    )
    with pytest.raises(ValueError, match="Cannot find the config"):
        MMSegInferencer(None, weights=str(tmp_path / "a.pth"), device="cpu")
    assert not (tmp_path / "made").exists()


HARD = [
    "{{$HOME:x}}",
    "{{ fileDirname }}",
    "{{_base_.a}}",
    "{{{",
    "\\{{",
    "'",
    '"',
    "\\",
    "\n",
    "\u2028",
    "\udc80",
    "\ufb01",
    "dict",
    "a b",
]
HARD += [
    "from",
    "_base_",
    '{{$QQ:.*[]\\\'+str(__import__("os").mkdir("made")),#]}}',
    "a'+str(1/0)+'",
    "x=1)\nimport os\n#",
    "é",
    "",
]


def random_value(rng, depth=3):
    """Values as configs hold them, with names and texts that a program would not take as they are."""
    kind = rng.randrange(10 if depth else 7)
    if kind < 3:
        return "".join(rng.choices(HARD, k=rng.randrange(3)))
    if kind < 7:
        return rng.choice([None, True, -3, 2**70, 0.1, -1e-300, float("inf"), -float("inf"), b"\x00{{", 1e22])
    items = [random_value(rng, depth - 1) for _ in range(rng.randrange(4))]
    if kind == 7:
        return {rng.choice([*HARD, *range(3), None, 0.5, (1, "a")]): item for item in items}
    return items if kind == 8 else tuple(items)


def test_what_is_written_is_read_again(tmp_path, monkeypatch):
    """Whatever labels, folders and texts a config holds; no code, and nothing of the environment."""
    monkeypatch.setenv("QQ", "of the environment")
    rng = random.Random(0)
    for _ in range(25):
        values = {f"entry{i}": random_value(rng) for i in range(12)}
        text = config_text(values)
        (tmp_path / "config.py").write_text(text, encoding="utf-8")
        assert Config.fromfile(tmp_path / "config.py").to_dict() == values
        assert all(line.isprintable() for line in text.splitlines())
    assert config_text({"a b": 1, "x=1;y": 2, "from": 3}) == ""
    assert (
        config_text({"a": Config, "b": len}) == "a = 'mmengine.config.config.Config'\nb = '<built-in function len>'\n"
    )
