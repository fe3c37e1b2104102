"""Count floating-point operations, a multiplication and an addition as two."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode, conv_flop_count

from ..layers.winograd import winograd_conv2d, winograd_weight_gradient


def _conv(x_shape, weight_shape, *args, out_shape=None, **kwargs) -> int:
    return conv_flop_count(x_shape, weight_shape, out_shape)


def _weight_gradient(x_shape, gradient_shape, *args, out_shape=None, **kwargs) -> int:
    return conv_flop_count(x_shape, out_shape, gradient_shape)


# as if each were a direct sum: what Winograd saves shows as a rate above that of the sums
_RULES = {
    torch.ops.fcn_plugin.winograd_conv2d.default: _conv,
    torch.ops.fcn_plugin.winograd_conv2d_weight.default: _weight_gradient,
}
assert winograd_conv2d and winograd_weight_gradient  # their import makes the operators


def gflop(work: Callable[[], object]) -> float:
    """10^9 operations of the convolutions and matrix products of one call."""
    counter = FlopCounterMode(display=False, custom_mapping={op.overloadpacket: rule for op, rule in _RULES.items()})
    with torch.compiler.set_stance("force_eager"), counter:
        work()
    return counter.get_total_flops() / 1e9


def parameters(net: nn.Module) -> int:
    """The number of trained values."""
    return sum(parameter.numel() for parameter in net.parameters() if parameter.requires_grad)
