"""The text of a config, as a work dir keeps it, loads again."""

import pytest
from mmengine.config import Config

from fcn_plugin.configs import get_config

MAPPED = """
_base_ = {base!r}
class_map = {{0: "sea", 40: "it's land"}}
train_dataloader = dict(dataset=dict(_delete_=True, type="ClassMapDataset", class_map=class_map))
"""
PURE = """
from mmengine.config import read_base

with read_base():
    from .base import *
model.update(dict(type=FCN))
"""
BASE = """
from fcn_plugin.models import FCN

model = dict(type=FCN, fc="copy")
"""


@pytest.mark.parametrize("name", ["fcn8s_vgg16_voc", "reference/fcn8s_vgg16_voc", "fcn8s_vgg16bn_camvid"])
def test_shipped_configs(tmp_path, name):
    reloads(get_config(name), tmp_path)


def test_a_class_map(tmp_path):
    path = tmp_path / "mapped.py"
    path.write_text(MAPPED.format(base=get_config("fcn8s_vgg16bn_minivoc").filename))
    cfg = get_config(path)
    assert cfg.train_dataloader.dataset.class_map == {0: "sea", 40: "it's land"}
    reloads(cfg, tmp_path)


def test_a_config_of_pure_python(tmp_path):
    (tmp_path / "base.py").write_text(BASE)
    (tmp_path / "pure.py").write_text(PURE)
    cfg = get_config(str(tmp_path / "pure.py"))
    assert "read_base" not in cfg.pretty_text
    cfg.dump(tmp_path / "dump.py")
    assert Config.fromfile(tmp_path / "dump.py").model.fc == "copy"


def reloads(cfg, folder):
    cfg.dump(folder / "dump.py")
    assert Config.fromfile(folder / "dump.py").to_dict() == cfg.to_dict()
