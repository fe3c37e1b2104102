"""The table of the authors' nets in docs/recipes.md says what their configs say."""

from pathlib import Path

import pytest
from support.configs import own_config

from fcn_plugin.configs import config_dir

PAGE = (Path(__file__).parents[2] / "docs/recipes.md").read_text()
ROWS = {}
for line in PAGE.partition("| config, in `configs/reference/` |")[2].partition("\n\n")[0].splitlines()[2:]:
    config, *cells = (cell.strip() for cell in line.strip("| ").split(" | "))
    ROWS[config.strip("`").removesuffix(".py")] = cells


def test_every_reference_config_has_a_row():
    assert set(ROWS) == {path.stem for path in (config_dir() / "reference").glob("*.py")}


@pytest.mark.parametrize("name", ROWS)
def test_a_row_is_its_config(name):
    _, rate, momentum, loss, steps, start, _ = ROWS[name]
    cfg = own_config(f"reference/{name}")
    optimizer, (count, *more) = cfg.optim_wrapper.optimizer, steps.split(" of ")
    images = int(more[0].split()[0]) if more else 1
    assert (float(rate), float(momentum)) == (optimizer.lr, optimizer.momentum)
    assert int(count.replace(",", "")) * images == cfg.train_cfg.max_iters
    assert images == cfg.optim_wrapper.get("accumulative_counts", 1)
    assert loss == cfg.model.decode_head.loss_decode.get("reduction", "mean")
    sources = cfg.model.get("pretrained")
    if isinstance(sources, dict):  # late fusion: the trained nets of two configs
        assert start.split("`")[1::2] == [f"{Path(path).stem}.py" for path in sources.values()]
        return
    parent = cfg.get("parent", "").removeprefix("reference/")
    assert start.split("`")[1] == (f"{parent}.py" if parent else Path(cfg.model.pretrained).name)
