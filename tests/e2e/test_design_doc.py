"""docs/design.md: its three recipes train and validate as they stand there, and the files that it names exist."""

import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config
from PIL import Image

from fcn_plugin.commands.train import train
from fcn_plugin.configs import config_dir
from fcn_plugin.datatools.minivoc.writer import make_minivoc

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "design.md").read_text()
FILES = dict(re.findall(r"```python\n# (\S+\.py)\n(.*?)```", TEXT, re.DOTALL))
RECIPES = {
    "backbone": ("small_net.py", "configs/fcn8s_small_minivoc.py"),
    "head": ("prior_head.py", "configs/fcn8s-prior_vgg16bn_minivoc.py"),
    "data set": ("shapes_dataset.py", "configs/fcn8s_vgg16bn_shapes.py"),
}
NARROW = dict(neck=dict(fc_channels=8), decode_head=dict(in_channels=dict(fr=8)))


def draw_shapes(root):
    rng = np.random.default_rng(0)
    for split in ("train", "val"):
        for folder in ("images", "masks"):
            (root / folder / split).mkdir(parents=True)
        for name in "ab":
            mask = np.zeros((64, 64), np.uint8)
            mask[8:40, 16:48] = 1
            Image.fromarray(rng.integers(0, 256, (64, 64, 3), np.uint8)).save(root / "images" / split / f"{name}.jpg")
            Image.fromarray(mask).save(root / "masks" / split / f"{name}.png")


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_recipe_trains(recipe, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    module, config = RECIPES[recipe]
    assert len(FILES[module].splitlines()) + len(FILES[config].splitlines()) < 60
    (tmp_path / module).write_text(FILES[module])
    path = tmp_path / Path(config).name
    path.write_text(FILES[config].replace('_base_ = "', f'_base_ = "{config_dir()}/'))
    cfg = Config.fromfile(path)
    data = tmp_path / "data"
    draw_shapes(data) if recipe == "data set" else make_minivoc(data, train=2, val=2, size=(64, 64))
    cfg.merge_from_dict(
        {"model": NARROW, "work_dir": str(tmp_path / "work"), "train_cfg": dict(max_iters=1, val_interval=1)}
    )
    for split in ("train", "val"):
        cfg[f"{split}_dataloader"].update(num_workers=0, persistent_workers=False, batch_size=2)
        cfg[f"{split}_dataloader"].dataset.data_root = str(data)
    try:
        train(cfg)
    finally:
        sys.modules.pop(Path(module).stem, None)
    assert 0 <= json.loads((tmp_path / "work" / "metrics.json").read_text())["mIoU"] <= 1


def test_files_that_it_names_exist():
    named = set(re.findall(r"(?<![\w/])((?:\w+/)+\w+\.py)", TEXT)) - {config for _, config in RECIPES.values()}
    missing = [name for name in named if not any((base / name).exists() for base in (ROOT, ROOT / "fcn_plugin"))]
    assert len(named) > 15
    assert missing == []
