"""The authors' NYUDv2 nets, transcribed from their published definitions on top of ``reference_nets``; nothing of the package.

Late fusion: ``score_fused = 0.5 score_frcolor + 0.5 score_frhha``, then ``upscore`` (64, stride 32), cropped at 19.
Early fusion: ``conv1_1_bgrd`` takes four channels. Colour alone and HHA alone have VGG16's names.
"""

import torch
import torch.nn.functional as F
from support.reference_nets import run_vgg16, vgg16_weights

CLASSES, VARIANT = 40, "32s"
BANDS = {"color": 3, "hha": 3, "depth": 4, "colorhha": 6}


def nyud_weights(kind):
    """Random weights by the authors' names."""
    if kind == "colorhha":
        both = {}
        for seed, trunk in enumerate(("color", "hha"), start=1):
            one = vgg16_weights(CLASSES, variant=VARIANT, seed=seed)
            kernel = {"upscore.weight": one.pop("upscore.weight")}
            both |= {name.replace(".", f"{trunk}."): tensor for name, tensor in one.items()}
        return both | kernel
    weights = vgg16_weights(CLASSES, variant=VARIANT, seed=3 + len(kind))
    if kind == "depth":
        first, rng = weights.pop("conv1_1.weight"), torch.Generator().manual_seed(9)
        fourth = torch.randn(len(first), 1, 3, 3, generator=rng).mul_(first.std())
        weights["conv1_1_bgrd.weight"] = torch.cat([first, fourth], 1)
        weights["conv1_1_bgrd.bias"] = weights.pop("conv1_1.bias")
    return weights


def run_nyud(weights, kind, image):
    """Images (1, bands, H, W) less their means -> logits (1, 40, H, W)."""
    if kind == "depth":
        return run_vgg16({name.replace("_bgrd", ""): tensor for name, tensor in weights.items()}, VARIANT, image)
    if kind != "colorhha":
        return run_vgg16(weights, VARIANT, image)
    fused = 0
    for trunk, part in (("color", image[:, :3]), ("hha", image[:, 3:])):
        own = {name.replace(f"{trunk}.", "."): tensor for name, tensor in weights.items() if f"{trunk}." in name}
        fused = fused + 0.5 * scores(own, part)
    up = F.conv_transpose2d(fused, weights["upscore.weight"], stride=32)
    return up[..., 19 : 19 + image.shape[2], 19 : 19 + image.shape[3]]


def scores(weights, image):
    """The coarse ``score_fr`` of one trunk."""
    x = image
    for stage, depth in enumerate((2, 2, 3, 3, 3), start=1):
        for i in range(1, depth + 1):
            name, pad = f"conv{stage}_{i}", 100 if (stage, i) == (1, 1) else 1
            x = F.relu(F.conv2d(x, weights[f"{name}.weight"], weights[f"{name}.bias"], padding=pad))
        x = F.max_pool2d(x, 2, 2, ceil_mode=True)
    for name in ("fc6", "fc7"):
        x = F.relu(F.conv2d(x, weights[f"{name}.weight"], weights[f"{name}.bias"]))
    return F.conv2d(x, weights["score_fr.weight"], weights["score_fr.bias"])
