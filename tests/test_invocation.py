"""The next command that is printed can be typed as it stands: by the tools of a checkout, by ``fcn`` of a wheel."""

import sys
from pathlib import Path

import pytest

from fcn_plugin import invocation

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize(
    "name", ["train", "make_minivoc", "voc_sbd", "pascal_context", "nyud", "siftflow", "import_weights"]
)
def test_a_checkout_s_tool_is_there(monkeypatch, name):
    monkeypatch.setattr(sys, "argv", ["tools/check_dataset.py"])
    python, path = invocation.command(name).split()
    assert python == "python"
    assert (ROOT / path).is_file()


def test_the_console_script_names_itself(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["/venv/bin/fcn"])
    assert invocation.command("train") == "fcn train"


def test_a_wheel_has_no_tools(monkeypatch, tmp_path):
    monkeypatch.setattr(invocation, "TOOLS", tmp_path / "tools")
    assert invocation.command("voc_sbd") == "fcn voc_sbd"
