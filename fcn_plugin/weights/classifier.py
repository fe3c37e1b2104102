"""Start from an ImageNet classifier: convolutions copied, fully connected layers convolutionalised.

Long et al., CVPR 2015, sec. 3.1: the (4096, 25088) matrix of fc6 is the (4096, 512, 7, 7) kernel of a
convolution, the (4096, 4096) one of fc7 a 1 x 1 kernel.
"""

from __future__ import annotations

import re
from collections import Counter

import torch
from mmengine.logging import MMLogger, print_log
from torch import nn

from .fit import fit
from .rename import read_renamed


def load_classifier(model: nn.Module, source: str, fc: str = "copy") -> list[str]:
    """Copy a classifier into an FCN.

    Args:
        model: an FCN segmentor; unchanged when the source is refused.
        source: file, ``https://`` link or ``torchvision://NAME``: torchvision's VGG, AlexNet, GoogLeNet or ResNet, a
            checkpoint of mmpretrain, a ``.caffemodel``.
        fc: where fc6 and fc7 come from: ``copy``, ``subsample`` or ``random``.

    Returns:
        The report, one line per tensor: copied, reshaped, subsampled, newly initialised or dropped.

    Raises:
        UserError: those of :func:`.rename.read_renamed` and :func:`.fit.fit`.
    """
    renamed = read_renamed(source)
    fitted = fit(model, renamed, fc)
    own = model.state_dict()
    with torch.no_grad():
        for name, tensor in fitted.tensors.items():
            own[name].copy_(tensor)
    kinds = Counter(re.match(r"newly initialised|\w+", line)[0] for line in fitted.lines)
    counts = ", ".join(f"{count} {kind}" for kind, count in kinds.items())
    print_log(f"started from {source} ({renamed.form.name}), tensors: {counts}", logger="current")
    _log_lines(fitted.lines)
    return fitted.lines


def _log_lines(lines: list[str]) -> None:
    """Log all lines; a function of its own, so that the console can leave them to the log file."""
    MMLogger.get_current_instance().info("one by one:\n  " + "\n  ".join(lines))
