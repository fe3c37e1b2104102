"""The example of a config by hand in docs/own_data.md trains and validates as it stands there."""

import json
import re
from pathlib import Path

import numpy as np
from mmengine.config import Config
from PIL import Image

from fcn_plugin.commands.train import train
from fcn_plugin.configs import config_dir

GUIDE = Path(__file__).parents[2] / "docs" / "own_data.md"


def test_own_data_example(tmp_path):
    (example,) = re.findall(r"```python\n(_base_ = .*?)```", GUIDE.read_text(), re.DOTALL)
    config = tmp_path / "fcn8s_vgg16bn_mine.py"
    config.write_text(example.replace('_base_ = "', f'_base_ = "{config_dir()}/'))
    rng = np.random.default_rng(0)
    for split in ("train", "val"):
        for folder in ("images", "masks"):
            (tmp_path / "data" / folder / split).mkdir(parents=True)
        image, mask = rng.integers(0, 256, (64, 80, 3), np.uint8), rng.integers(0, 2, (64, 80), np.uint8)
        mask[0] = 255
        Image.fromarray(image).save(tmp_path / "data" / "images" / split / "a.jpg")
        Image.fromarray(mask).save(tmp_path / "data" / "masks" / split / "a.png")

    cfg = Config.fromfile(config)
    narrow = dict(neck=dict(fc_channels=8), decode_head=dict(in_channels=dict(fr=8)))
    cfg.merge_from_dict({"model": narrow, "work_dir": str(tmp_path / "work")})
    cfg.merge_from_dict({"train_cfg": dict(max_iters=1, val_interval=1)})
    for split in ("train", "val"):
        loader = cfg[f"{split}_dataloader"]
        loader.update(num_workers=0, persistent_workers=False)
        loader.dataset.data_root = str(tmp_path / "data")
    cfg.train_dataloader.batch_size = 1
    train(cfg)

    scores = json.loads((tmp_path / "work" / "metrics.json").read_text())
    assert set(scores["classes"]) == {"background", "road"}
    assert sum(c["pixels"] for c in scores["classes"].values()) == 63 * 80  # the first row is void
