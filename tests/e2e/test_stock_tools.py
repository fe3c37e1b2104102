"""Stock MMSegmentation takes the configs as they are: ``init_model``, ``inference_model``, ``MMSegInferencer``."""

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import MODELS as MMENGINE_MODELS
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmseg.apis import MMSegInferencer, inference_model, init_model
from mmseg.registry import MODELS
from support.builders import build_fcn
from support.processes import forget_runs

from fcn_plugin.configs import config_dir
from fcn_plugin.engine import FCNRunner


@pytest.fixture(scope="module")
def narrow_config(tmp_path_factory):
    """The VOC config with narrow fully connected layers, as a user's own leaf config."""
    path = tmp_path_factory.mktemp("stock") / "narrow.py"
    path.write_text(
        f'_base_ = "{config_dir() / "fcn8s_vgg16_voc.py"}"\n'
        "model = dict(neck=dict(fc_channels=8), decode_head=dict(in_channels=dict(fr=8)))\n"
    )
    return path


@pytest.fixture(scope="module")
def checkpoint(narrow_config):
    """Random weights with an opinion: zero scores would make every class equal."""
    init_default_scope("mmseg")
    torch.manual_seed(0)
    model = MODELS.build({**Config.fromfile(narrow_config).model, "pretrained": None})
    for name, tensor in model.named_parameters():
        if ".score_" in name:
            torch.nn.init.normal_(tensor)
    path = narrow_config.with_suffix(".pth")
    torch.save({"state_dict": model.state_dict(), "meta": {}}, path)
    return path


def test_init_model_and_inference_model(narrow_config, checkpoint, recwarn):
    model = init_model(str(narrow_config), str(checkpoint), device="cpu")
    image = np.random.default_rng(0).integers(0, 256, (45, 61, 3), np.uint8)
    result = inference_model(model, image)
    assert result.pred_sem_seg.data.shape == (1, 45, 61)
    with torch.no_grad():  # BGR image -> RGB, normalised with ImageNet's statistics
        mean, std = torch.tensor([123.675, 116.28, 103.53]), torch.tensor([58.395, 57.12, 57.375])
        x = (torch.from_numpy(image[..., ::-1].copy()).float() - mean) / std
        logits = model(x.permute(2, 0, 1)[None])
    assert torch.equal(result.pred_sem_seg.data, logits.argmax(1))
    assert len(result.pred_sem_seg.data.unique()) > 1


def test_a_runner_keeps_what_was_loaded_by_hand(leaf, trained, tmp_path):
    cfg = Config.fromfile(leaf)
    cfg.work_dir, cfg.load_from = str(tmp_path), "missing.pth"
    runner = FCNRunner.from_cfg(cfg)
    runner.load_checkpoint(str(trained.best))
    assert runner.test()["mIoU"] >= 0


def test_mmengines_own_runner_trains(leaf, tmp_path):
    """As in MMSegmentation's tutorial: nobody has prepared the config, and our hooks find no request to stop."""
    cfg = Config.fromfile(leaf)
    cfg.work_dir = str(tmp_path)
    for loader in ("train_dataloader", "val_dataloader", "test_dataloader"):
        cfg[loader].persistent_workers = False  # FCNRunner knows that there are none
    Runner.from_cfg(cfg).train()
    forget_runs()
    assert (tmp_path / "iter_2.pth").is_file()


def test_names_and_settings_of_version_1():
    """Configs in its checkpoints name the fast convolution; a test_cfg may be None."""
    init_default_scope("mmseg")
    assert (
        type(MMENGINE_MODELS.build(dict(type="WinogradConv2d", in_channels=1, out_channels=1, kernel_size=3)))
        is torch.nn.Conv2d
    )
    assert build_fcn(test_cfg=None).test_cfg.mode == "whole"


def test_inferencer(narrow_config, checkpoint):
    inferencer = MMSegInferencer(model=str(narrow_config), weights=str(checkpoint), device="cpu")
    image = np.random.default_rng(1).integers(0, 256, (40, 33, 3), np.uint8)
    mask = inferencer(image)["predictions"]
    assert mask.shape == (40, 33)
    assert set(np.unique(mask)) <= set(range(21))


def test_inferencer_by_name():
    inferencer = MMSegInferencer("fcn8s_vgg16_minivoc", scope="fcn_plugin", device="cpu")  # an alias
    assert inferencer.cfg.filename == str(config_dir() / "fcn8s_vgg16bn_minivoc.py")
    assert inferencer(np.zeros((40, 33, 3), np.uint8))["predictions"].shape == (40, 33)
