"""A conditional random field over windows: by hand, at edges and corners, and in a net's predictions."""

import math

import pytest
import torch
from mmengine.config import ConfigDict
from support.builders import balance_classes, build_fcn
from support.refusals import refused

from fcn_plugin.models.local_crf import refine


def by_hand(logits, image, steps, radius, weight, colour):
    """Pixel by pixel, in float64."""
    classes, height, width = logits.shape
    scores = logits.double().clone()
    for _ in range(steps):
        q = scores.softmax(0)
        for y in range(height):
            for x in range(width):
                heard, total = torch.zeros(classes, dtype=torch.float64), 1e-6
                for v in range(max(0, y - radius), min(height, y + radius + 1)):
                    for u in range(max(0, x - radius), min(width, x + radius + 1)):
                        if (v, u) != (y, x):
                            near = math.exp(-float((image[:, y, x] - image[:, v, u]).square().sum()) / (2 * colour**2))
                            heard, total = heard + near * q[:, v, u], total + near
                scores[:, y, x] = logits[:, y, x].double() + weight * heard / total
    return scores


@pytest.mark.parametrize("size", [(1, 1), (1, 5), (2, 3), (5, 4)])
@pytest.mark.parametrize("radius", [1, 3])
def test_each_pixel_hears_those_around_it(size, radius):
    torch.manual_seed(0)
    logits, images = torch.randn(2, 3, *size), 50 * torch.randn(2, 3, *size)
    found = refine(logits, images, steps=2, radius=radius, weight=1.5, colour=60.0)
    for one, image, result in zip(logits, images, found, strict=True):
        assert torch.allclose(result.double(), by_hand(one, image, 2, radius, 1.5, 60.0), atol=1e-5)


def test_an_edge_of_the_labels_moves_to_the_edge_of_the_image():
    """The image changes after column 4; the net is sure from column 6 on, and doubts in between."""
    image = torch.zeros(1, 3, 6, 10)
    image[..., 4:] = 200
    logits = torch.tensor([2.0, 2.0, 2.0, 2.0, 0.2, 0.2, -2.0, -2.0, -2.0, -2.0]).expand(1, 1, 6, 10)
    pair = torch.cat((logits, -logits), 1)
    assert pair.argmax(1)[0, 0].tolist() == [0] * 6 + [1] * 4
    assert refine(pair, image).argmax(1)[0].unique(dim=0).tolist() == [[0] * 4 + [1] * 6]
    blind = refine(pair, torch.zeros_like(image))
    assert blind.argmax(1)[0, 0].tolist() == [0] * 6 + [1] * 4


def net_with(crf, **options):
    torch.manual_seed(0)
    net = build_fcn(num_classes=2 if "head" in options else 4, **options)
    if "head" not in options:
        balance_classes(net, torch.randn(1, 3, 64, 64))
    net.test_cfg = ConfigDict(mode="whole", **crf)
    return net


@pytest.mark.parametrize("keep", [True, False])
@pytest.mark.parametrize(
    "head", [None, dict(out_channels=1, loss_decode=dict(type="FCNCrossEntropyLoss", use_sigmoid=True))]
)
def test_in_predictions(keep, head):
    options = dict(head=head) if head else {}
    plain, net = net_with({}, **options), net_with(dict(crf=dict(steps=2, colour=30.0), keep_logits=keep), **options)
    image = torch.randint(0, 256, (3, 33, 41), dtype=torch.uint8)
    with torch.no_grad():
        inputs = plain.data_preprocessor(dict(inputs=[image]), False)["inputs"]
        logits = plain(inputs)
        (sample,) = net.test_step(dict(inputs=[image]))
    pair = logits if logits.shape[1] > 1 else torch.cat((torch.zeros_like(logits), logits), 1)
    rgb = image.flip(0)[None].float()
    wanted = refine(pair, rgb, steps=2, colour=30.0)
    if logits.shape[1] == 1:
        wanted = wanted[:, 1:] - wanted[:, :1]
    assert not torch.allclose(wanted, logits)
    assert torch.equal(sample.pred_sem_seg.data[None], net.decision.labels(wanted).reshape(1, 1, 33, 41))
    assert ("seg_logits" in sample) == keep


def test_not_in_tiles_or_for_several_labels():
    net = net_with(dict(crf={}))
    net.test_cfg.mode = "tiles"
    with refused("config-value", "test_cfg.crf", "'tiles'"):
        net.test_step(dict(inputs=[torch.zeros(3, 8, 8)], data_samples=[]))
    several = net_with({}, head=dict(multilabel=True, loss_decode=dict(type="FCNCrossEntropyLoss", use_sigmoid=True)))
    several.test_cfg.crf = {}
    with refused("config-value", "test_cfg.crf", "multilabel"), torch.no_grad():
        several(torch.zeros(1, 3, 8, 8), None, mode="predict")
