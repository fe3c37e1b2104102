"""The VOC config trains and validates on a small tree in VOC's layout, from a torchvision VGG16 file."""

import json

import torch
from torchvision.models.vgg import cfgs, make_layers

from fcn_plugin.commands.train import train
from fcn_plugin.configs import get_config
from fcn_plugin.datatools.minivoc.writer import make_minivoc

NARROW = 8


def test_voc_config_from_an_imagenet_file(tmp_path):
    root, weights = tmp_path / "VOC2012", tmp_path / "vgg16.pth"
    make_minivoc(root, seed=0, train=2, val=1, size=(64, 48))
    torch.manual_seed(0)
    features = make_layers(cfgs["D"])  # torchvision's own keys: features.0.weight, features.2.weight, ...
    state = {f"features.{name}": tensor for name, tensor in features.state_dict().items()}
    state |= {"classifier.0.weight": torch.rand(NARROW, 512 * 49), "classifier.0.bias": torch.rand(NARROW)}
    state |= {"classifier.3.weight": torch.rand(NARROW, NARROW), "classifier.3.bias": torch.rand(NARROW)}
    torch.save(state, weights)

    cfg = get_config("fcn8s_vgg16_voc")
    narrow = dict(neck=dict(fc_channels=NARROW), decode_head=dict(in_channels=dict(fr=NARROW)))
    cfg.merge_from_dict({"model": {**narrow, "pretrained": str(weights)}, "work_dir": str(tmp_path / "work")})
    cfg.merge_from_dict({"train_cfg": dict(max_iters=1, val_interval=1), "optim_wrapper.optimizer.lr": 0.0})
    for split in ("train", "val"):
        loader = cfg[f"{split}_dataloader"]
        loader.update(num_workers=0, persistent_workers=False)
        loader.dataset.data_root = str(root)
    cfg.train_dataloader.batch_size = 2
    crop = next(step for step in cfg.train_dataloader.dataset.pipeline if step.type == "RandomCrop")
    crop.crop_size = (64, 64)
    train(cfg)

    scores = json.loads((tmp_path / "work" / "metrics.json").read_text())
    assert scores["images"] == 1
    (best,) = (tmp_path / "work").glob("best_mIoU_*.pth")
    saved = torch.load(best, weights_only=False)["state_dict"]
    # learning rate 0: the weights are those of the file, fc6 folded to 7 x 7
    assert torch.equal(saved["backbone.features.0.conv.weight"], state["features.0.weight"])
    assert torch.equal(saved["backbone.features.16.conv.weight"], state["features.28.weight"])
    assert torch.equal(saved["neck.fc6.weight"].reshape(NARROW, -1), state["classifier.0.weight"])
