"""The guide in docs/guide: its cells run, with their asserts; the notebooks hold the code and the texts of their sources."""

import json
import logging
import re
import warnings
from pathlib import Path

import matplotlib
import pytest
import torch

GUIDE = Path(__file__).parents[1] / "docs" / "guide"


def cells():
    """Return the cells of fcn.py: (is it text?, source)."""
    parts = re.split(r"^# %%", (GUIDE / "fcn.py").read_text(), flags=re.MULTILINE)[1:]
    for part in parts:
        head, _, body = part.partition("\n")
        text = "[markdown]" in head
        yield text, re.sub(r"^# ?", "", body, flags=re.MULTILINE).strip() if text else body.strip()


@pytest.fixture
def plain_state():
    """Keep what the guide changes in the process."""

    backend = matplotlib.get_backend()
    matplotlib.use("agg")
    with warnings.catch_warnings(), matplotlib.rc_context(), torch.random.fork_rng(devices=()):
        yield
    torch.set_grad_enabled(True)
    logging.disable(logging.NOTSET)
    matplotlib.use(backend)


def test_every_cell_runs(plain_state, capsys):
    place = {}
    for text, source in cells():
        if not text:
            exec(compile(source, "docs/guide/fcn.py", "exec"), place)
    assert place["upscore"].crop_offset(place["CoordMap"]()) == 19
    assert "fully connected: mat1 and mat2" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["fcn", "fcn_ko"])
def test_notebooks_hold_their_sources(name):
    notebook = json.loads((GUIDE / f"{name}.ipynb").read_text(encoding="utf-8"))
    found = [(cell["cell_type"] == "markdown", "".join(cell["source"]).strip()) for cell in notebook["cells"]]
    wanted = list(cells())
    if name == "fcn_ko":
        korean = iter((GUIDE / "ko.md").read_text(encoding="utf-8").split("<!-- cell -->"))
        wanted = [(text, next(korean).strip() if text else source) for text, source in wanted]
        assert next(korean, None) is None
    assert found == wanted, "run python docs/guide/build.py"
    assert not [
        output for cell in notebook["cells"] for output in cell.get("outputs", ()) if output["output_type"] == "error"
    ]
