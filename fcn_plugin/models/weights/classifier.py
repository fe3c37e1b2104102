"""Start from an ImageNet classifier: convolutions copied, fully connected layers convolutionalised.

Long et al., CVPR 2015, sec. 3.1: the (4096, 25088) matrix of fc6 is the (4096, 512, 7, 7) kernel of a
convolution, the (4096, 4096) one of fc7 a 1 x 1 kernel.
"""

from __future__ import annotations

import torch
from mmengine.logging import print_log
from torch import nn

from .fit import fit
from .formats import recognise
from .rename import rename
from .source import read_state_dict


def load_classifier(model: nn.Module, source: str, fc: str = "copy") -> list[str]:
    """Copy a classifier into an FCN.

    Args:
        model: an FCN segmentor; unchanged when the source is refused.
        source: file, ``https://`` link or ``torchvision://NAME``: torchvision's VGG, AlexNet, GoogLeNet or ResNet, a
            checkpoint of mmpretrain, a ``.caffemodel``.
        fc: what becomes of fc6 and fc7: ``copy``, ``subsample`` or ``random``.

    Returns:
        The report, one line per tensor: copied, reshaped, subsampled, newly initialised or dropped.

    Raises:
        UserError: layers missing, left over or of another shape, or other preprocessing.
    """
    state = read_state_dict(source)
    form = recognise(state, source)
    fitted = fit(model, rename(state, form, source), form, source, fc)
    own = model.state_dict()
    with torch.no_grad():
        for name, tensor in fitted.tensors.items():
            own[name].copy_(tensor)
    print_log(f"Started from {source} ({form.name}):\n  " + "\n  ".join(fitted.lines), logger="current")
    return fitted.lines
