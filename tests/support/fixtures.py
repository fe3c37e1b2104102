"""Six drawn images, a narrow FCN-8s, one real training run, and the tools called in this process.

The run starts from random scores and its batch norm keeps the last batch alone, so that two steps end in a net which
predicts several classes: scores that agree then say something. Images, config and run are made once for all worker processes.
"""

import shutil
import sys
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from support.builders import build_fcn
from support.processes import TESTS, TOOLS, Outcome, Run, forget_runs, run_process
from support.shared import made_once

import fcn_cli
from fcn_plugin.datatools.minivoc.writer import make_minivoc

LEAF = """
_base_ = {base!r}
custom_imports = dict(imports=["fcn_plugin", "support.builders"], allow_failed_imports=False)
norm_cfg = dict(type="BN", momentum=1.0)
model = dict(
    precision="fp32",
    backbone=dict(type="NarrowVGG", norm_cfg=norm_cfg),
    neck=dict(in_channels=(16, 32, 32), fc_channels=8),
    decode_head=dict(in_channels=dict(_delete_=True, fr=8, pool4=32, pool3=16)),
)
loader = dict(batch_size=2, num_workers=0, dataset=dict(data_root={data!r}))
train_dataloader = loader
val_dataloader = loader
test_dataloader = loader
load_from = {start!r}
train_cfg = dict(max_iters=2, val_interval=2)
optim_wrapper = dict(optimizer=dict(_delete_=True, type="SGD", lr=0.3, momentum=0.9))
param_scheduler = [dict(type="ConstantLR", factor=1.0, by_epoch=False)]
default_hooks = dict(finite_loss=dict(interval=1), logger=dict(interval=1), checkpoint=dict(interval=2))
"""


@pytest.fixture(scope="session")
def data(tmp_path_factory) -> Path:
    """4 train and 3 val images of 64 x 64. To change one, take ``own_data``."""

    def make(folder: Path) -> Path:
        make_minivoc(folder / "VOC2012", train=4, val=3, size=(64, 64))
        return folder / "VOC2012"

    return made_once(tmp_path_factory, "data", make)


@pytest.fixture
def own_data(data, tmp_path) -> Path:
    """A copy of the images to spoil."""
    return shutil.copytree(data, tmp_path / "VOC2012")


@pytest.fixture(scope="session")
def leaf(data, tmp_path_factory) -> Path:
    """Config of the narrow FCN-8s, which starts from random scores."""
    return made_once(tmp_path_factory, "config", lambda folder: _write_leaf(folder, data))


def _write_leaf(folder: Path, data: Path) -> Path:
    torch.manual_seed(0)
    net = build_fcn(num_classes=21, norm=dict(type="BN"))
    for name in net.decode_head.streams:
        torch.nn.init.normal_(getattr(net.decode_head, f"score_{name}").weight, std=0.1)
        torch.nn.init.zeros_(getattr(net.decode_head, f"score_{name}").bias)
    net.decode_head.score_fr.bias.data[0] = 1.0  # most pixels are background
    torch.save(net.state_dict(), folder / "start.pth")
    base = TESTS.parent / "configs" / "fcn8s_vgg16bn_minivoc.py"
    path = folder / "narrow8s.py"
    path.write_text(LEAF.format(base=str(base), data=str(data), start=str(folder / "start.pth")))
    Config.fromfile(path).dump(path)  # every run reads one file instead of five
    return path


@pytest.fixture(scope="session")
def trained(leaf, tmp_path_factory) -> Run:
    """The real thing: tools/train.py in a process of its own."""

    def make(folder: Path) -> Run:
        done = run_process(sys.executable, TOOLS / "train.py", leaf, "--work-dir", folder / "work")
        assert done.code == 0, done.err
        return Run(done.code, done.out, done.err, folder / "work", leaf)

    return made_once(tmp_path_factory, "run", make)


@pytest.fixture
def tool(monkeypatch, capsys):
    """Call a command in this process: ``tool("train", config, "--work-dir", path)``."""
    monkeypatch.setenv("LOCAL_RANK", "0")

    def call(name: str, *args) -> Outcome:
        monkeypatch.setattr(sys, "argv", [f"{name}.py", *map(str, args)])
        code = 0
        try:
            fcn_cli.main(name.rpartition("/")[2])
        except SystemExit as stop:
            code = stop.code or 0
        forget_runs()
        return Outcome(code, *capsys.readouterr())

    return call
