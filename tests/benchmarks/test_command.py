"""python -m benchmarks: a table and the same figures as JSON; evaluation against bare forwards; what it refuses."""

import json
import sys

import pytest
from support.processes import Outcome, forget_runs

from benchmarks.__main__ import main
from fcn_plugin.commands.run import run


@pytest.fixture
def command(monkeypatch, capsys):
    """Call the program in this process: ``command(config, "--eval")``."""

    def call(*words) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["benchmarks", *map(str, words)])
        code = 0
        try:
            run(main)
        except SystemExit as stop:
            code = stop.code
        forget_runs()
        return Outcome(code, *capsys.readouterr())

    return call


@pytest.fixture
def narrow(leaf):
    """Words that measure the narrow net on a small image."""
    return (leaf, "--size", "64x48", "--classes", 5, "--rounds", 1, "--no-memory", "--threads", 1, "--device", "cpu")


def test_table_json_and_plot(command, narrow, tmp_path):
    words = ("--geometry", "reference", "aligned", "--json", tmp_path / "a.json")
    done = command(*narrow, *words)
    assert done.code == 0, done.err
    assert "| narrow8s reference" in done.out
    rows = json.loads((tmp_path / "a.json").read_text())["rows"]
    assert [(row["geometry"], row["size"], row["classes"]) for row in rows] == [
        ("reference", [64, 48], 5),
        ("aligned", [64, 48], 5),
    ]


def test_evaluation(command, leaf, data, tmp_path):
    words = ("--eval", "--data-root", data, "--images", 2, "--rounds", 1, "--json", tmp_path / "a.json")
    done = command(leaf, *words)
    assert done.code == 0, done.err
    assert "2 images of 64 x 64, fp32" in done.out
    found = json.loads((tmp_path / "a.json").read_text())
    assert found["seconds"]["evaluation"] > found["seconds"]["forward"] > 0
    assert found["ratio"] > 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--size", "1x2x3"), "not HEIGHTxWIDTH"),
        (("--size", "0"), "0 is less than 1"),
        (("--plot", "a.txt"), "[output-path] --plot a.txt: "),
        (("--plot", "a.png"), "[option-value] --plot draws against one of --size, --batch and --classes"),
        (("--against", "unet"), "invalid choice: 'unet'"),
    ],
)
def test_refusals(command, narrow, words, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = command(*narrow, *words)
    assert done.code == 2
    assert message in done.err
    assert list(tmp_path.iterdir()) == []


def test_evaluation_of_what_is_not_there(command, leaf, tmp_path):
    done = command(leaf, "--eval", "--data-root", tmp_path / "nowhere")
    assert done.code == 2
    assert str(tmp_path / "nowhere") in done.err
    assert "[option-value] --eval takes one config, not 2" in command(leaf, leaf, "--eval").err
