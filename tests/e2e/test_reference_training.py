"""The reference recipe at work at VOC's size: a summed loss of half a million falls, and overflows nowhere."""

import json
import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from support import builders
from support.builders import MODELS, sample, wake_scores
from support.configs import own_config

from fcn_plugin.commands.train import train
from fcn_plugin.datatools.minivoc.objects import SHAPES
from fcn_plugin.datatools.minivoc.writer import make_minivoc

WIDTH, HEIGHT = 500, 375
CLASSES = 21
SUMMED = ["fcn32s_vgg16_voc", "fcn16s_vgg16_voc", "fcn8s_vgg16_voc", "fcn8s-atonce_vgg16_voc"]


@pytest.fixture(autouse=True)
def narrow(monkeypatch):
    """A 64th of VGG16's channels: most of a step's time then goes to the 21 score maps."""
    monkeypatch.setattr(builders, "SHRINK", 64)


def narrow_config(name):
    cfg = own_config(f"reference/{name}")
    pool3, pool4, pool5 = (channels // builders.SHRINK for channels in (256, 512, 512))
    neck = dict(in_channels=(pool3, pool4, pool5), fc_channels=8)
    head = dict(in_channels=dict(fr=8, pool4=pool4, pool3=pool3))
    cfg.merge_from_dict({"model": dict(pretrained=None, backbone=dict(type="NarrowVGG"), neck=neck, decode_head=head)})
    return cfg


@pytest.mark.parametrize("name", SUMMED)
def test_loss_is_summed_in_float32_under_autocast(name):
    """bf16 counts in steps of 4096 here, fp16 ends at 65504; gradients arrive at every weight and are finite."""
    cfg = narrow_config(name)
    cfg.model.precision = "bf16"
    model = MODELS.build(cfg.model).train()
    model.init_weights()
    wake_scores(model.decode_head)
    dtypes, seen = {}, {}
    for part, layer in model.named_modules():
        if isinstance(layer, (torch.nn.Conv2d, torch.nn.ConvTranspose2d)):
            layer.register_forward_hook(lambda _, __, out, part=part: dtypes.__setitem__(part, out.dtype))
    head = model.decode_head
    fuse = head.fuse_scores
    head.fuse_scores = lambda streams: seen.setdefault("scores", fuse(streams))

    image = 255 * torch.rand(1, 3, HEIGHT, WIDTH) - 115
    label = torch.randint(0, CLASSES, (HEIGHT, WIDTH))
    label[100:200, 50:250] = 255
    value = model(image, [sample(label)], mode="loss")["decode.loss_ce"]
    value.backward()
    logits = head.upsample_scores(seen["scores"].detach(), (HEIGHT, WIDTH))

    assert dtypes.pop("neck.fc6") == torch.bfloat16
    upscores = {dtype for part, dtype in dtypes.items() if "upscore" in part}
    assert upscores == {seen["scores"].dtype} == {value.dtype} == {torch.float32}
    exact = F.cross_entropy(logits.double(), label[None], ignore_index=255, reduction="sum")
    assert value.item() > HEIGHT * WIDTH
    assert value.item() == pytest.approx(exact.item(), rel=1e-6)
    assert all(parameter.grad.isfinite().all() for parameter in model.parameters())
    assert model.decode_head.score_fr.weight.grad.abs().max() > 0


def test_200_steps_lower_the_loss(tmp_path):
    """FCN-32s's config as it is, but for its width and its data, ten classes and background; from random weights."""
    root, work_dir = tmp_path / "VOC2012", tmp_path / "work"
    make_minivoc(root, train=10, val=1, size=(WIDTH, HEIGHT))
    cfg = narrow_config("fcn32s_vgg16_voc")
    classes = ("background", *SHAPES)
    cfg.model.decode_head.num_classes = len(classes)
    cfg.work_dir = str(work_dir)
    cfg.merge_from_dict({"train_cfg": dict(max_iters=200, val_interval=200)})
    cfg.merge_from_dict({"default_hooks": dict(logger=dict(interval=1), checkpoint=dict(interval=200))})
    cfg.visualizer.vis_backends = [dict(type="LocalVisBackend")]
    for split in ("train", "val"):
        loader = cfg[f"{split}_dataloader"]
        loader.update(num_workers=0, persistent_workers=False)
        loader.dataset.update(data_root=str(root), ann_file=f"ImageSets/Segmentation/{split}.txt")
        loader.dataset.metainfo = dict(classes=classes)
        loader.dataset.data_prefix.seg_map_path = "SegmentationClass"
    cfg.log_processor.window_size = 1
    train(cfg)

    (log,) = work_dir.glob("*/vis_data/scalars.json")
    records = [json.loads(line) for line in log.read_text().splitlines()]
    steps = [record for record in records if "loss" in record]
    assert [record["step"] for record in steps] == list(range(1, 201))
    assert {record["lr"] for record in steps} == {1e-10}
    loss = np.array([record["loss"] for record in steps])
    per_pixel = np.array([record["decode.ce_per_pixel"] for record in steps])
    assert np.isfinite(loss).all()
    # the sum and beside it the loss per pixel, of images of the masks' own size
    assert np.unique((loss / per_pixel).round()).tolist() == sorted(set(labelled_pixels(root)))
    assert per_pixel[0] == pytest.approx(math.log(len(classes)))  # zero scores
    assert per_pixel[-25:].mean() < 0.75 * per_pixel[:25].mean()
    weights = torch.load(work_dir / "iter_200.pth", weights_only=False)["state_dict"]
    assert all(tensor.isfinite().all() for tensor in weights.values())


def labelled_pixels(root):
    names = (root / "ImageSets" / "Segmentation" / "train.txt").read_text().split()
    masks = [np.asarray(Image.open(root / "SegmentationClass" / f"{name}.png")) for name in names]
    assert {mask.shape for mask in masks} == {(HEIGHT, WIDTH)}
    return [int((mask != 255).sum()) for mask in masks]
