"""Names from strangers: what a written config parses to, and which names no data set takes."""

import random
import time

import pytest
from support.refusals import refused

from fcn_plugin.configs import config_dir, get_config
from fcn_plugin.data.classes_file import class_name, read_classes
from fcn_plugin.datatools.new.build import new_dataset
from fcn_plugin.datatools.new.classes import Classes
from fcn_plugin.datatools.new.config_text import dataset_config
from fcn_plugin.datatools.new.net import TEXTS, model_config
from fcn_plugin.datatools.new.options import Options
from fcn_plugin.errors import UserError

RUNS_CODE = """{{$QQ:.*[]\\"+str(__import__('os').mkdir('pwned')),#]}}"""
PIECES = [
    *(
        "{{",
        "}}",
        "{",
        "}",
        '"',
        "'",
        "\\",
        "\n",
        "\r",
        "\t",
        "\0",
        "\x1b[2J",
        "\x85",
        "\u2028",
        "\u202e",
        "\ud800",
        "\udcff",
    ),
    *(
        "$",
        "#",
        ",",
        ":",
        ";",
        " ",
        "//",
        "::",
        "%s",
        "$name",
        "${images}",
        '"""',
        "\\x41",
        "\\N{BULLET}",
        "é",
        "路",
        "😀",
    ),
    *(
        "{{ fileDirname }}",
        "{{_base_.model}}",
        "{{ _base_.crop_size }}",
        "{{$HOME:x}}",
        "{{'$HOME:x'}}",
        "{{$QQ:1}}",
        RUNS_CODE,
    ),
]


def any_text(rng):
    parts = rng.choices(PIECES, k=rng.randint(1, 5))
    return "".join(part if rng.random() < 0.7 else chr(rng.randrange(0x11000)) for part in parts)


def test_configs_parse_to_the_very_text(tmp_path, monkeypatch):
    """Labels and folders, whatever they hold; no variable of the environment, and no code."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "leaked")
    rng = random.Random(16)
    sizes = [(64, 64)]
    for _ in range(12):
        labels = {id: any_text(rng) for id in range(80)}
        folders, files = [any_text(rng) for _ in range(2)], [any_text(rng) for _ in range(3)]
        lists = {split: (file, 1) for split, file in zip(("train", "val", "test"), files, strict=True)}
        text = dataset_config("x", str(config_dir() / "_base_"), *folders, lists, Classes(labels), sizes)
        (tmp_path / "x.py").write_text(text, encoding="utf-8")
        cfg = get_config("x.py")
        train, val = cfg.train_dataloader.dataset, cfg.val_dataloader.dataset
        assert train.class_map == val.class_map == labels
        assert [train.data_prefix.img_path, train.data_prefix.seg_map_path] == folders
        assert [train.ann_file, val.ann_file] == files[:2]
    assert [path.name for path in tmp_path.iterdir()] == ["x.py"]


@pytest.mark.parametrize(("net", "from_scratch"), TEXTS)
def test_a_package_in_any_folder(tmp_path, monkeypatch, net, from_scratch):
    monkeypatch.setenv("HOME", "leaked")
    base = tmp_path / "{{$HOME:x}} \"'\\n\n{{ fileDirname }}"
    base.symlink_to(config_dir() / "_base_")
    (tmp_path / "_base_/datasets").mkdir(parents=True)
    classes = Classes({0: "a", 1: "b"})
    text = dataset_config("x", f"../../{base.name}", "i", "m", dict(train=("t", 1), val=("v", 1)), classes, [(64, 64)])
    (tmp_path / "_base_/datasets/x.py").write_text(text)
    (tmp_path / "leaf.py").write_text(model_config("x", 2, base.name, net, from_scratch))
    assert get_config(str(tmp_path / "leaf.py")).model.decode_head.num_classes == 2


BAD_NAMES = [
    "",
    " ",
    " a",
    "a\n",
    "a\nb",
    "a\rb",
    "a\x1b[31m",
    "a\0b",
    "a\u2028b",
    "a\x85b",
    "\u202egod",
    "\ud800",
    "a\u00adb",
]
BAD_NAMES += [
    "x" * 201,
    "x" * 50_000_000,
    "{{$HOME:x}}",
    "{{ fileDirname }}",
    "a{{",
    RUNS_CODE,
    None,
    3,
    1e9,
    True,
    [],
    {"a": 1},
]


def test_names_that_no_class_has():
    start = time.process_time()
    for name in BAD_NAMES:
        with refused("class-file", "a.json, shapes[3]: ") as caught:
            class_name(name, "a.json, shapes[3]")
        assert len(caught.value.message) < 2500 and caught.value.message.isprintable()
    assert time.process_time() - start < 2
    for name in ("a", "it's", 'a "b"', "a, b; c", "{x}", "路 é 😀", "x" * 200, "=1+1", "_background_"):
        assert class_name(name, "a.json") == name


def test_names_return_from_the_table(tmp_path):
    """``classes.csv`` reads back to what was written, for every name that may be."""
    rng, names = random.Random(16), []
    while len(names) < 200:
        try:
            names.append(class_name(any_text(rng), "x"))
        except UserError:
            continue
    (tmp_path / "classes.csv").write_text(Classes(dict(enumerate(names))).csv(), encoding="utf-8")
    assert read_classes(tmp_path / "classes.csv")[0] == dict(enumerate(names))


def test_the_report_and_folders_of_any_name(photos, save, blocks, here):
    """A hostile folder works like any other; what a terminal would obey is shown, not sent."""
    photos("a.png", "b.png")
    for name in "ab":
        save(f"masks/{name}.png", blocks(0, 1))
    folders = ["photos\x1b[2J {{$HOME:x}}", 'masks"\\\n{{_base_.model}}']
    for old, new in zip(("photos", "masks"), folders, strict=True):
        (here / old).rename(here / new)
    report = new_dataset(Options("x", *folders, out_dir="out\x1b[31m", net="vgg16"))
    assert "wrote out\\x1b[31m/classes.csv" in report.splitlines()
    assert all(line.isprintable() for line in report.splitlines())
    prefix = get_config("configs/fcn8s_vgg16_x.py").train_dataloader.dataset.data_prefix
    assert [prefix.img_path, prefix.seg_map_path] == folders
