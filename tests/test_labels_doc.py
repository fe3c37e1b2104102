"""docs/labels.md: its configs as they stand there are read, and the nets and pipelines are built."""

import re
from pathlib import Path

from mmengine.config import Config
from mmengine.dataset import Compose
from mmengine.registry import init_default_scope
from mmseg.registry import METRICS, MODELS

from fcn_plugin.configs import config_dir
from fcn_plugin.data.leaves import declared_meta
from fcn_plugin.models.decision import Decision
from fcn_plugin.models.tasks_head import TasksDecision
from fcn_plugin.preflight.data.tasks import check_tasks
from fcn_plugin.preflight.keys import _check_save_best
from fcn_plugin.preflight.shapes import check_shapes

TEXT = (Path(__file__).parents[1] / "docs" / "labels.md").read_text()
ONE, SEVERAL, TASKS = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
BASE = config_dir() / "fcn8s_efficientnet-lite0_camvid.py"


def read(tmp_path, text):
    (tmp_path / "leaf.py").write_text(text)
    cfg = Config.fromfile(tmp_path / "leaf.py")
    check_shapes(cfg)
    init_default_scope("mmseg")
    return cfg, MODELS.build({**cfg.model, "pretrained": None})


def test_one_channel(tmp_path):
    clear = 'model["decode_head"]["loss_decode"]["_delete_"] = True\n'  # of a list of losses
    _, net = read(tmp_path, f"_base_ = {str(BASE)!r}\n{ONE}{clear}")
    assert net.decision == Decision(0.5)
    assert (net.out_channels, net.num_classes) == (1, 2)


def test_several_labels(tmp_path):
    cfg, net = read(tmp_path, SEVERAL.replace(repr(BASE.name).replace("'", '"'), repr(str(BASE))))
    assert net.decision == Decision(0.5, multilabel=True)
    for split in ("train", "val", "test"):
        data = cfg[f"{split}_dataloader"].dataset
        assert declared_meta(data)["classes"] == ("road", "wet", "marking")
        assert len(Compose(data.pipeline).transforms) == (6 if split == "train" else 3)
    assert METRICS.get(cfg.val_evaluator.type).__name__ == "MultilabelMetric"


def test_several_tasks(tmp_path):
    base = "fcn8s_efficientnet-lite0_minivoc.py"
    cfg, net = read(tmp_path, TASKS.replace(f'"{base}"', repr(str(BASE.parent / base))))
    assert net.decision == TasksDecision(sizes=(3, 2))
    for split in ("train", "val", "test"):
        data = cfg[f"{split}_dataloader"].dataset
        check_tasks(cfg, split, data)
        assert declared_meta(data)["classes"] == [
            *("surface: floor", "surface: wall", "surface: other", "state: dry", "state: wet")
        ]
        assert len(Compose(data.pipeline).transforms) == (4 if split == "train" else 3)
        if split != "train":
            assert [METRICS.build(metric).prefix for metric in cfg[f"{split}_evaluator"]] == ["surface", "state"]
    _check_save_best(cfg)
