"""The authors' Caffe nets, transcribed step by step: what the ``reference`` geometry has to compute.

Written from the published net definitions (FCN-32s, 16s, 8s, 8s at once on VGG16; FCN-AlexNet on CaffeNet) and shares nothing
with the package: every padding, kernel, stride and crop is typed as the definition types it.
N batch, C classes, H x W any size from 1 x 1. Weights are a dict, Caffe's layer name + ``.weight`` or ``.bias`` -> tensor.
Steps run in the float type of weights and image, so a net in float64 is the more exact oracle for one in float32.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

UPSCORES = {  # name -> kernel
    "32s": {"upscore": 64},
    "16s": {"upscore2": 4, "upscore16": 32},
    "8s": {"upscore2": 4, "upscore_pool4": 4, "upscore8": 16},
}
UPSCORES["atonce"] = UPSCORES["8s"]
SKIPS = {"32s": (), "16s": ("score_pool4",), "8s": ("score_pool4", "score_pool3")}
SKIPS["atonce"] = SKIPS["8s"]


def vgg16_weights(
    num_classes: int, shrink: int = 16, fc: int = 8, variant: str = "8s", seed: int = 0
) -> dict[str, Tensor]:
    """Random weights that keep activations and logits of order 1 for images of order 1.

    Args:
        num_classes: C.
        shrink: VGG16's channels are divided by this.
        fc: channels of fc6 and fc7; 4096 in the paper.
        variant: ``32s``, ``16s``, ``8s`` or ``atonce``.
        seed: of the random numbers.
    """
    rng = torch.Generator().manual_seed(seed)
    weights, width = {}, 3
    for stage, (channels, depth) in enumerate([(64, 2), (128, 2), (256, 3), (512, 3), (512, 3)], start=1):
        for i in range(1, depth + 1):
            weights |= _layer(rng, f"conv{stage}_{i}", channels // shrink, width, 3)
            width = channels // shrink
    weights |= _layer(rng, "fc6", fc, width, 7) | _layer(rng, "fc7", fc, fc, 1)
    weights |= _layer(rng, "score_fr", num_classes, fc, 1, gain=1)
    for name in SKIPS[variant]:
        channels = {"score_pool4": 512, "score_pool3": 256}[name] // shrink
        # what at-once scales down comes back to order 1, else no test could see it
        gain = {"score_pool4": 100, "score_pool3": 10000}[name] if variant == "atonce" else 1
        weights |= _layer(rng, name, num_classes, channels, 1, gain)
    return weights | {f"{name}.weight": _bilinear(num_classes, k) for name, k in UPSCORES[variant].items()}


def run_vgg16(weights: dict[str, Tensor], variant: str, image: Tensor) -> Tensor:
    """(N, 3, H, W) -> logits (N, C, H, W); dropout is left out, as in testing."""
    x, pools = image, {}
    for stage, names in {
        3: ("conv1_1", "conv1_2", "pool", "conv2_1", "conv2_2", "pool", "conv3_1", "conv3_2", "conv3_3", "pool"),
        4: ("conv4_1", "conv4_2", "conv4_3", "pool"),
        5: ("conv5_1", "conv5_2", "conv5_3", "pool"),
    }.items():
        for name in names:
            if name == "pool":
                x = F.max_pool2d(x, 2, 2, ceil_mode=True)
            else:
                x = F.relu(_conv(weights, name, x, pad=100 if name == "conv1_1" else 1))
        pools[stage] = x
    x = F.relu(_conv(weights, "fc6", x))
    x = F.relu(_conv(weights, "fc7", x))
    score = _conv(weights, "score_fr", x)
    if variant == "32s":
        return _crop(_upscore(weights, "upscore", score, 32), 19, image)
    score = _upscore(weights, "upscore2", score, 2)
    skip = _conv(weights, "score_pool4", pools[4] * 0.01 if variant == "atonce" else pools[4])
    score = score + _crop(skip, 5, score)
    if variant == "16s":
        return _crop(_upscore(weights, "upscore16", score, 16), 27, image)
    score = _upscore(weights, "upscore_pool4", score, 2)
    skip = _conv(weights, "score_pool3", pools[3] * 0.0001 if variant == "atonce" else pools[3])
    score = score + _crop(skip, 9, score)
    return _crop(_upscore(weights, "upscore8", score, 8), 31, image)


def caffenet_weights(
    num_classes: int, shrink: int = 1, fc: int = 8, pixel: float = 64, seed: int = 0
) -> dict[str, Tensor]:
    """Random weights of FCN-AlexNet that give logits of order 1.

    Args:
        num_classes: C.
        shrink: CaffeNet's channels are divided by this.
        fc: channels of fc6 and fc7; 4096 in the paper.
        pixel: size of the image's values; the normalisation (LRN) has no effect on activations of order 1.
        seed: of the random numbers.
    """
    rng = torch.Generator().manual_seed(seed)
    c1, c2, c3, c4, c5 = (channels // shrink for channels in (96, 256, 384, 384, 256))
    weights = {}
    for name, out, width, kernel in (
        ("conv1", c1, 3, 11),
        ("conv2", c2, c1 // 2, 5),
        ("conv3", c3, c2, 3),
        ("conv4", c4, c3 // 2, 3),
        ("conv5", c5, c4 // 2, 3),
        ("fc6", fc, c5, 6),
        ("fc7", fc, fc, 1),
    ):
        weights |= _layer(rng, name, out, width, kernel)
        weights[f"{name}.bias"] *= pixel
    weights |= _layer(rng, "score_fr", num_classes, fc, 1, gain=1 / pixel)
    return weights | {"upscore.weight": _bilinear(num_classes, 63)}


def run_caffenet(weights: dict[str, Tensor], image: Tensor) -> Tensor:
    """(N, 3, H, W) -> logits (N, C, H, W); dropout is left out, as in testing."""
    *_, pool5 = caffenet_pools(weights, image)
    x = F.relu(_conv(weights, "fc6", pool5))
    x = F.relu(_conv(weights, "fc7", x))
    score = _conv(weights, "score_fr", x)
    return _crop(_upscore(weights, "upscore", score, 32), 18, image)


def lrn(x: Tensor) -> Tensor:
    """Over 5 neighbouring channels: x / (1 + 1e-4 / 5 * sum of squares) ** 0.75."""
    squares = F.pad(x**2, (0, 0, 0, 0, 2, 2))
    total = sum(squares[:, i : i + x.shape[1]] for i in range(5))
    return x / (1 + 1e-4 / 5 * total) ** 0.75


def caffenet_pools(weights: dict[str, Tensor], image: Tensor, pad: int = 100, lrn=lrn) -> tuple[Tensor, Tensor, Tensor]:
    """(N, 3, H, W) -> pool1, pool2 and pool5 of CaffeNet; ``pad`` is conv1's."""
    x = F.relu(_conv(weights, "conv1", image, pad=pad, stride=4))
    pool1 = F.max_pool2d(x, 3, 2, ceil_mode=True)
    x = F.relu(_conv(weights, "conv2", lrn(pool1), pad=2, groups=2))
    pool2 = F.max_pool2d(x, 3, 2, ceil_mode=True)
    x = F.relu(_conv(weights, "conv3", lrn(pool2), pad=1))
    x = F.relu(_conv(weights, "conv4", x, pad=1, groups=2))
    x = F.relu(_conv(weights, "conv5", x, pad=1, groups=2))
    return pool1, pool2, F.max_pool2d(x, 3, 2, ceil_mode=True)


def _layer(rng, name: str, out: int, width: int, kernel: int, gain: float = 2**0.5) -> dict[str, Tensor]:
    """Kernel of standard deviation gain / sqrt(fan in), and a bias of a tenth of the activations."""
    weight = torch.randn(out, width, kernel, kernel, generator=rng).mul_(gain * (width * kernel**2) ** -0.5)
    return {f"{name}.weight": weight, f"{name}.bias": 0.1 * torch.randn(out, generator=rng)}


def _bilinear(num_classes: int, kernel: int) -> Tensor:
    """(C, C, k, k): a pyramid for each class, zeros between classes. The tip of an even one lies between its pixels."""
    factor = (kernel + 1) // 2
    rise = torch.arange(1, factor + 1) / factor - (0 if kernel % 2 else 0.5 / factor)
    ramp = torch.cat([rise, rise.flip(0)[kernel % 2 :]])
    dense = torch.zeros(num_classes, num_classes, kernel, kernel)
    for c in range(num_classes):
        dense[c, c] = ramp[:, None] * ramp
    return dense


def _conv(weights, name: str, x: Tensor, pad: int = 0, stride: int = 1, groups: int = 1) -> Tensor:
    return F.conv2d(x, weights[f"{name}.weight"], weights[f"{name}.bias"], stride, pad, groups=groups)


def _upscore(weights, name: str, x: Tensor, stride: int) -> Tensor:
    return F.conv_transpose2d(x, weights[f"{name}.weight"], stride=stride)


def _crop(x: Tensor, offset: int, like: Tensor) -> Tensor:
    """The part of x of the other's height and width that begins at (offset, offset); too small a map shows in its shape."""
    return x[..., offset : offset + like.shape[2], offset : offset + like.shape[3]]
