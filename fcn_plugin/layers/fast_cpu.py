"""Convolutions that are faster on a CPU than torch's; :func:`use_fast_convolutions` puts them into a net.

They are compatible with ``nn.Conv2d``: same parameters and checkpoints, and the plain convolution under autocast, on other devices
and in exported nets. N batch, C and K channels in and out, H x W map.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..errors import UserError
from .rows import row_conv2d
from .winograd import TILE, winograd_conv2d

ALGORITHMS = ("auto", "winograd", "direct")
# below these, transforms and reading 36 / 9 times the kernels cost more than the saved multiplications: docs/performance.md
LEAST_CHANNELS, LEAST_TILES = 128, 48
# for the kernels' gradient, for which oneDNN takes four times as long as for the other sums
LEAST_CHANNELS_TRAINED = 64


def use_fast_convolutions(net: nn.Module, algorithm: str = "auto") -> None:
    """Turn suitable ``nn.Conv2d`` layers of a net into faster ones, in place; subclasses of it are not changed.

    Layers named ``fc6`` and ``fc7`` become :class:`RowConv2d`, 3 x 3 kernels of stride 1 and padding 1 :class:`WinogradConv2d`.

    Args:
        net: the net; its parameters and state dict do not change.
        algorithm: algorithm for the 3 x 3 kernels. ``auto``: Winograd's where it was measured to be faster, that is on x86 CPUs
            with AVX2 but without AVX-512 (where memory is the limit), for many channels and pixels; ``winograd``: wherever
            possible; ``direct``: nowhere.

    Raises:
        UserError: ``option-value`` for an unknown algorithm.
    """
    if algorithm not in ALGORITHMS:
        raise UserError("option-value", f"unknown algorithm {algorithm!r}: give one of {', '.join(ALGORITHMS)}")
    everywhere = algorithm == "winograd"
    auto = algorithm == "auto" and torch.backends.cpu.get_cpu_capability() == "AVX2"
    for name, layer in net.named_modules():
        if type(layer) not in (nn.Conv2d, RowConv2d, WinogradConv2d):
            continue
        if name.rpartition(".")[2] in ("fc6", "fc7"):
            layer.__class__ = RowConv2d
        elif _is_3x3(layer) and (everywhere or (auto and min(layer.weight.shape[:2]) >= LEAST_CHANNELS_TRAINED)):
            layer.__class__, layer.everywhere = WinogradConv2d, everywhere
        else:
            layer.__class__ = nn.Conv2d


def _is_3x3(layer: nn.Conv2d) -> bool:
    shape = layer.kernel_size, layer.stride, layer.padding, layer.dilation, layer.groups, layer.padding_mode
    return shape == ((3, 3), (1, 1), (1, 1), (1, 1), 1, "zeros")


def _eager_on_cpu(x: Tensor, weight: Tensor) -> bool:
    """Return False on other devices, under autocast, for mixed types, and while a net is exported or traced."""
    return (
        x.device.type == "cpu"
        and x.dtype == weight.dtype
        and not torch.is_autocast_enabled("cpu")
        and not torch.compiler.is_exporting()
        and not torch.jit.is_tracing()
    )


class WinogradConv2d(nn.Conv2d):
    """Convolve (N, C, H, W) to (N, K, H, W) by Winograd's algorithm in float32, or with ``everywhere`` also float64.

    Of fewer than ``LEAST_CHANNELS``, only the kernels' gradient is faster. Lower precisions would lose too many digits.
    """

    everywhere: bool  # on maps of any size

    def forward(self, x: Tensor) -> Tensor:
        """Compute by Winograd's algorithm if it is faster, else directly."""
        direct = not self.everywhere and min(self.weight.shape[:2]) < LEAST_CHANNELS
        trained = torch.is_grad_enabled() and self.weight.requires_grad
        if (trained or not direct) and _eager_on_cpu(x, self.weight) and self._pays(x):
            return winograd_conv2d(x, self.weight, self.bias, direct)
        return super().forward(x)

    def _pays(self, x: Tensor) -> bool:
        if self.everywhere:
            return x.dtype in (torch.float32, torch.float64)
        n, _, height, width = x.shape
        return x.dtype == torch.float32 and n * -(-height // TILE) * -(-width // TILE) >= LEAST_TILES


class RowConv2d(nn.Conv2d):
    """Apply a large kernel to a small map, row by row of the kernel, in float32: fc6 (:mod:`.rows`)."""

    def forward(self, x: Tensor) -> Tensor:
        """Compute row by row if that is faster, else directly."""
        # a compiler reorders the kernels once by itself
        wanted = x.dtype == torch.float32 and not torch.compiler.is_compiling()
        if wanted and self._fits() and _eager_on_cpu(x, self.weight):
            return row_conv2d(x, self.weight, self.bias, self.padding[0])
        return super().forward(x)

    def _fits(self) -> bool:
        square = self.kernel_size[0] == self.kernel_size[1] and self.padding[0] == self.padding[1]
        steps = (self.stride, self.dilation, self.groups) == ((1, 1), (1, 1), 1)
        return square and steps and self.bias is not None and self.weight.permute(0, 2, 3, 1).is_contiguous()
