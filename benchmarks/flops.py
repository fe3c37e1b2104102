"""Count floating-point operations, a multiplication and an addition as two."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch.utils.flop_counter import FlopCounterMode, conv_flop_count

from fcn_plugin.layers import fast_cpu  # noqa: F401  makes the operators


def _conv(x_shape, weight_shape, *args, out_shape=None, **kwargs) -> int:
    return conv_flop_count(x_shape, weight_shape, out_shape)


def _weight_gradient(x_shape, gradient_shape, *args, out_shape=None, **kwargs) -> int:
    return conv_flop_count(x_shape, out_shape, gradient_shape)


def _rows_input(gradient_shape, weight_shape, *args, out_shape=None, **kwargs) -> int:
    return conv_flop_count(out_shape, weight_shape, gradient_shape)


# as if each were a direct sum over padding too: what is saved shows as a higher rate
_RULES = {
    torch.ops.fcn_plugin.winograd_conv2d: _conv,
    torch.ops.fcn_plugin.winograd_conv2d_weight: _weight_gradient,
    torch.ops.fcn_plugin.row_conv2d: _conv,
    torch.ops.fcn_plugin.row_conv2d_input: _rows_input,
    torch.ops.fcn_plugin.row_conv2d_weight: _weight_gradient,
}


def gflop(work: Callable[[], object]) -> float:
    """10^9 operations of the convolutions and matrix products of one call."""
    counter = FlopCounterMode(display=False, custom_mapping=_RULES)
    with torch.compiler.set_stance("force_eager"), counter:
        work()
    return counter.get_total_flops() / 1e9
