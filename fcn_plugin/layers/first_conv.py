"""Find the first convolution of a net, and change its number of input channels."""

from __future__ import annotations

import torch
from torch import nn

RGB = 3


def first_convolution(net: nn.Module) -> tuple[str, nn.Conv2d] | None:
    """Return name and layer of a net's first convolution; None if there is none."""
    return next(((name, layer) for name, layer in net.named_modules() if isinstance(layer, nn.Conv2d)), None)


def set_input_channels(net: nn.Module, channels: int) -> bool:
    """Change an RGB net's first convolution to ``channels`` input channels, with random weights of the same spread.

    Return False if there is none with three channels in one group.
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
