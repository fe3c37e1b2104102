"""Start from an ImageNet classifier: convolutions copied, fully connected layers convolutionalised.

Long et al., CVPR 2015, sec. 3.1: the (4096, 25088) matrix of fc6 is the (4096, 512, 7, 7) kernel of a
convolution, the (4096, 4096) one of fc7 a 1 x 1 kernel.
"""

from __future__ import annotations

import re

import torch
from mmcv.cnn import ConvModule
from mmengine.logging import print_log
from torch import Tensor, nn

from ...errors import UserError
from .read import read_state_dict

CLASSIFIER = {"fc6": "classifier.0", "fc7": "classifier.3"}


def load_classifier(model: nn.Module, source: str) -> list[str]:
    """Copy a torchvision VGG classifier (plain or BN) into an FCN.

    Args:
        model: segmentor with a ``backbone`` of mmcv ``ConvModule`` in the order of the classifier's
            convolutions, and a ``neck`` with ``fc6`` and ``fc7``.
        source: file, ``https://`` link or ``torchvision://NAME``.

    Returns:
        The report, one line per layer: copied, reshaped or dropped.

    Raises:
        UserError: layers missing, left over or of another shape; nothing is loaded then.
    """
    state = read_state_dict(source)
    pairs = _pair_features(model.backbone, state, source)
    for name, key in CLASSIFIER.items():
        pairs += [
            (f"neck.{name}.{kind}", f"{key}.{kind}", getattr(getattr(model.neck, name), kind))
            for kind in ("weight", "bias")
        ]
    problems = [p for p in (_problem(target, key, tensor, state) for target, key, tensor in pairs) if p]
    if problems:
        raise UserError(
            f"{source} does not fit this net: {'; '.join(problems)}. Give an ImageNet VGG16 checkpoint in torchvision's format "
            "that matches the backbone (vgg16 or vgg16_bn), with fc_channels=4096"
        )
    report = []
    with torch.no_grad():
        for target, key, tensor in pairs:
            kind = "copied" if state[key].shape == tensor.shape else f"reshaped {tuple(state[key].shape)} ->"
            tensor.copy_(state[key].reshape(tensor.shape))
            report.append(f"{kind} {tuple(tensor.shape)} {key} -> {target}")
    dropped = sorted(set(state) - {key for _, key, _ in pairs})
    report += [f"dropped {tuple(state[key].shape)} {key}" for key in dropped if not key.endswith("num_batches_tracked")]
    print_log(f"Started from {source}:\n  " + "\n  ".join(report), logger="current")
    return report


def _pair_features(backbone: nn.Module, state: dict[str, Tensor], source: str) -> list[tuple[str, str, Tensor]]:
    """Pair the source's ``features.N`` with the backbone's ConvModules, each kind in order."""
    indices = sorted({int(m[1]) for m in (re.match(r"features\.(\d+)\.weight$", key) for key in state) if m})
    convs = iter([i for i in indices if state[f"features.{i}.weight"].dim() == 4])
    norms = iter([i for i in indices if state[f"features.{i}.weight"].dim() == 1])
    pairs = []
    for name, module in backbone.named_modules():
        if not isinstance(module, ConvModule):
            continue
        pairs += _pair_layer(f"backbone.{name}.conv", module.conv, next(convs, None))
        if module.with_norm:
            pairs += _pair_layer(f"backbone.{name}.{module.norm_name}", module.norm, next(norms, None))
    left = [f"features.{i}" for i in (*convs, *norms)]
    if left:
        raise UserError(
            f"{source} has layers that the backbone lacks: {', '.join(left)}; choose norm_cfg and depth to match the file"
        )
    return pairs


def _pair_layer(target: str, layer: nn.Module, index: int | None) -> list[tuple[str, str, Tensor]]:
    tensors = {**dict(layer.named_parameters()), **dict(layer.named_buffers())}
    tensors.pop("num_batches_tracked", None)
    return [
        (f"{target}.{kind}", f"features.{'?' if index is None else index}.{kind}", t) for kind, t in tensors.items()
    ]


def _problem(target: str, key: str, tensor: Tensor, state: dict[str, Tensor]) -> str | None:
    if key not in state:
        return f"{key} (for {target}) is missing"
    # a fully connected layer's matrix is its convolution's kernel with all but the first axis flattened
    if state[key].shape not in (tensor.shape, tensor.flatten(1).shape if tensor.dim() == 4 else None):
        return f"{key} has shape {tuple(state[key].shape)}, {target} needs {tuple(tensor.shape)}"
    return None
