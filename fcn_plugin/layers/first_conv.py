"""The convolution that an image enters first: find it, and let it take another number of channels."""

from __future__ import annotations

import torch
from torch import nn

RGB = 3


def first_convolution(net: nn.Module) -> tuple[str, nn.Conv2d] | None:
    """Return name and layer of the first convolution of a net; None where there is none."""
    return next(((name, layer) for name, layer in net.named_modules() if isinstance(layer, nn.Conv2d)), None)


def set_input_channels(net: nn.Module, channels: int) -> bool:
    """Give the first convolution of a net for RGB images ``channels`` input channels, drawn at random like its own kernels.

    Returns whether there was one, of three channels in one group.
    """
    layer = (first_convolution(net) or ("", None))[1]
    if layer is None or layer.in_channels != RGB or layer.groups != 1:
        return False
    old = layer.weight
    with torch.no_grad():
        weight = old.new_empty(len(old), channels, *old.shape[2:])
        layer.weight = nn.Parameter(weight if weight.is_meta else weight.normal_(0, float(old.std(correction=0))))
    layer.in_channels = channels
    return True
