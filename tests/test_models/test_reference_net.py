"""The reference geometry against a plain transcription of the authors' net definitions, layer by layer.

Written from the published definitions: conv1_1 pads 100, every pooling rounds up, fc6 is unpadded, crops 5, 9, 19, 27, 31.
"""

import pytest
import torch
import torch.nn.functional as F
from builders import STREAMS, build_fcn

CLASSES = 3
SIZES = [(500, 375), (375, 500), (366, 500), (64, 64), (17, 23), (1, 1)]
STAGES = [2, 2, 3, 3, 3]


def upscore(x, kernel, stride):
    """Transposed convolution, unpadded, with one bilinear kernel per class."""
    ramp = torch.tensor([min(i + 0.5, kernel - i - 0.5) / (kernel // 2) for i in range(kernel)], dtype=x.dtype)
    weight = torch.zeros(CLASSES, CLASSES, kernel, kernel, dtype=x.dtype)
    for c in range(CLASSES):
        weight[c, c] = ramp[:, None] * ramp
    return F.conv_transpose2d(x, weight, stride=stride)


def plain_fcn(net, variant, image):
    """FCN-32s, 16s or 8s as its definition reads, with the weights of ``net``."""
    convs = iter([layer.conv for layer in net.backbone.features if hasattr(layer, "conv")])
    x, pools = image, []
    for stage, depth in enumerate(STAGES):
        for i in range(depth):
            conv = next(convs)
            x = F.relu(F.conv2d(x, conv.weight, conv.bias, padding=100 if stage == i == 0 else 1))
        x = F.max_pool2d(x, 2, 2, ceil_mode=True)
        pools.append(x)
    for fc in (net.neck.fc6, net.neck.fc7):
        x = F.relu(F.conv2d(x, fc.weight, fc.bias))
    head = net.decode_head
    score = F.conv2d(x, head.score_fr.weight, head.score_fr.bias)
    height, width = image.shape[-2:]
    if variant == "32s":
        return upscore(score, 64, 32)[..., 19 : 19 + height, 19 : 19 + width]
    score = upscore(score, 4, 2)
    skip = F.conv2d(pools[3], head.score_pool4.weight, head.score_pool4.bias)
    score = score + skip[..., 5 : 5 + score.shape[2], 5 : 5 + score.shape[3]]
    if variant == "16s":
        return upscore(score, 32, 16)[..., 27 : 27 + height, 27 : 27 + width]
    score = upscore(score, 4, 2)
    skip = F.conv2d(pools[2], head.score_pool3.weight, head.score_pool3.bias)
    score = score + skip[..., 9 : 9 + score.shape[2], 9 : 9 + score.shape[3]]
    return upscore(score, 16, 8)[..., 31 : 31 + height, 31 : 31 + width]


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("variant", STREAMS)
def test_logits_are_those_of_the_definition(variant, size):
    net = build_fcn(STREAMS[variant], geometry="reference", num_classes=CLASSES)
    image = torch.randn(2, 3, *size)
    with torch.no_grad():
        ours, plain = net(image), plain_fcn(net, variant, image)
    assert plain.abs().max() > 1e-3
    assert (ours - plain).abs().max() <= 1e-4 * plain.abs().max()


@pytest.mark.parametrize("variant", STREAMS)
def test_gradients_are_those_of_the_definition(variant):
    net = build_fcn(STREAMS[variant], geometry="reference", num_classes=CLASSES)
    image = torch.randn(1, 3, 65, 90)
    label = torch.randint(0, CLASSES, (1, 65, 90))
    gradients = []
    for logits in (net(image), plain_fcn(net, variant, image)):
        loss = F.cross_entropy(logits, label, reduction="sum")
        gradients.append(torch.autograd.grad(loss, list(net.parameters())))
    for name, ours, plain in zip(dict(net.named_parameters()), *gradients, strict=True):
        assert plain.abs().max() > 0, name
        assert (ours - plain).norm() <= 1e-3 * plain.norm(), name
