"""bf16 and float32 give one label map: at least 99.5 % of the pixels of a net trained on the built-in drawings."""

import copy

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from support.builders import build_fcn

from fcn_plugin.datatools.minivoc.writer import make_minivoc

LEAST_AGREEMENT = 0.995


@pytest.fixture(scope="module")
def drawings(tmp_path_factory):
    """Images (16, 3, 64, 64), normalised, and their masks (16, 64, 64)."""
    root = tmp_path_factory.mktemp("data") / "VOC2012"
    make_minivoc(root, train=12, val=4, size=(64, 64))
    names = [path.stem for path in sorted((root / "JPEGImages").iterdir())]
    images = [np.asarray(Image.open(root / "JPEGImages" / f"{name}.jpg")) for name in names]
    masks = [np.asarray(Image.open(root / "SegmentationClass" / f"{name}.png")) for name in names]
    images = torch.tensor(np.stack(images)).permute(0, 3, 1, 2).float().sub(115).div(58)
    return images, torch.tensor(np.stack(masks)).long()


@pytest.fixture(scope="module")
def trained(drawings):
    """A narrow FCN-8s that knows the drawings, in float32."""
    torch.manual_seed(0)
    images, masks = drawings
    net = build_fcn(num_classes=21, fc_channels=32, norm={"type": "BN"}, neck={"dropout_ratio": 0.0}).train()
    optimizer = torch.optim.AdamW(net.parameters(), lr=1e-2)
    for _ in range(80):
        optimizer.zero_grad()
        F.cross_entropy(net(images), masks, ignore_index=255).backward()
        optimizer.step()
    return net.eval()


def test_the_net_is_trained(trained, drawings):
    images, masks = drawings
    with torch.inference_mode():
        labels = trained(images).argmax(1)
    assert (labels == masks)[masks != 255].float().mean() > 0.8
    assert labels.unique().numel() > 5


@pytest.mark.parametrize("ready", [False, True], ids=["autocast", "kernels in bf16"])
def test_label_maps_agree(trained, drawings, ready):
    half = copy.deepcopy(trained)
    half.precision = "bf16"
    half = half.to_inference() if ready else half
    with torch.inference_mode():
        full, found = (net(drawings[0]) for net in (trained, half))
    assert not torch.equal(full, found)
    assert (full.argmax(1) == found.argmax(1)).float().mean() >= LEAST_AGREEMENT
