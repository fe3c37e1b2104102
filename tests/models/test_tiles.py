"""Nets of unusual reach compute the labels of the whole image from tiles."""

import pytest
import torch
from support.builders import balance_classes, build_dilated, build_unpool, sample

PYRAMID = dict(type="FCNASPPNeck", in_channels="auto", channels=8, dilations=(1, 3))
VGG11 = dict(backbone=dict(depth=11), neck=dict(convs=(1, 1, 2, 2, 2)))


@pytest.mark.parametrize(
    ("build", "parts", "size"),
    [
        (build_dilated, {}, (150, 170)),
        (build_dilated, dict(neck=PYRAMID), (150, 170)),
        (build_unpool, VGG11, (60, 500)),
    ],
    ids=["LargeFOV", "ASPP", "SegNet"],
)
def test_tiles_are_the_whole(build, parts, size):
    net = build(**parts, test_cfg=dict(mode="tiles", tile=64), data_preprocessor=dict(mean=[0.0] * 3))
    image = torch.randint(0, 256, (3, *size), dtype=torch.uint8)
    assert build is build_dilated or net.decode_head.reach < 200  # most windows are a part of the image
    blank = sample(torch.zeros(size), ori_shape=size, img_shape=size)
    x = net.data_preprocessor(dict(inputs=[image], data_samples=None))["inputs"]
    balance_classes(net, x)
    (tiled,) = net.test_step(dict(inputs=[image], data_samples=[blank]))
    with torch.no_grad():
        whole = net(x).argmax(1)
    assert whole.unique().numel() > 1
    assert (tiled.pred_sem_seg.data == whole).float().mean() > 0.999  # ties of float32
