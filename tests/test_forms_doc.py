"""docs/forms.md and the README: their lines of Python run, and the table names the forms that there are."""

import re
from pathlib import Path

import pytest
import torch

from fcn_plugin.checkpoints.config_text import config_text
from fcn_plugin.configs import get_config
from fcn_plugin.prediction.forms import FORMS, make_forms

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs" / "forms.md").read_text()


@pytest.mark.parametrize("page", ["docs/forms.md", "README.md"])
def test_the_api_as_it_stands_there(page, leaf, data, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    weights = torch.load(leaf.parent / "start.pth", weights_only=True)
    torch.save(dict(state_dict=weights, meta=dict(cfg=config_text(get_config(str(leaf)).to_dict()))), "iter_2000.pth")
    Path("net.pth").symlink_to("iter_2000.pth")
    for name, photo in zip(("street", "a", "b"), sorted((data / "JPEGImages").iterdir()), strict=False):
        Path(f"{name}.jpg").symlink_to(photo)
    (lines,) = re.findall(r"```python\n(import fcn_plugin\n.*?)```", (ROOT / page).read_text(), re.DOTALL)
    exec(compile(lines, page, "exec"), {})
    out = capsys.readouterr().out
    assert "(64, 64) {'background': " in out
    assert Path("overlay.png").is_file()


def test_the_table_lists_every_form(tmp_path):
    rows = dict(re.findall(r"^\| `([\w-]+)`(\*?) \|", TEXT, re.MULTILINE))
    assert list(rows) == list(FORMS)
    for name, star in rows.items():
        (form,) = make_forms([name], tmp_path, ["a"] * 21, [(0, 0, 0)] * 21)
        assert bool(form.package) == bool(star)
