"""A large kernel on a small map, row of kernel by row of kernel: fc6 of the FCNs, 7 x 7 on pool5 (CVPR 2015, sec. 3.1).

oneDNN lays the kernels out anew in every call, for fc6 411 MB read and as many written. Here each row of the kernel is one
matrix product with the kernels as they lie in memory, and rows that would meet padding alone are left out: a seventh of
the work on a map of 12 rows. N batch, C and K channels in and out, H x W map.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .eager_cpu import eager_on_cpu


@torch.library.custom_op("fcn_plugin::row_conv2d", mutates_args=())
def row_conv2d(x: Tensor, weight: Tensor, bias: Tensor, padding: int) -> Tensor:
    """(N, C, H, W) and (K, C, k, k) -> (N, K, H + 2p - k + 1, W + 2p - k + 1), channels last; stride 1, no gradient."""
    n, channels, height, width = x.shape
    outputs, _, side, _ = weight.shape
    high, wide = height + 2 * padding - side + 1, width + 2 * padding - side + 1
    lines = (
        F.pad(x, (padding, padding)).permute(2, 0, 3, 1).contiguous()
    )  # H, N, W, C: a row of all images is one block
    per_line, per_image, _, _ = lines.stride()
    patches = lines.as_strided((height, n, wide, side * channels), (per_line, per_image, channels, 1))
    patches = patches.reshape(height, n * wide, side * channels)
    out = bias.repeat(high, n * wide, 1)
    kernels = weight.permute(2, 0, 3, 1).flatten(2)  # row, K, column and C: views where the kernels lie channels last
    for row in range(side):
        first, last = max(0, padding - row), min(high, height + padding - row)
        if first < last:
            seen = patches[first + row - padding : last + row - padding].flatten(0, 1)
            out[first:last].flatten(0, 1).addmm_(seen, kernels[row].mT)
    out = out.view(high, n, wide, outputs).permute(1, 3, 0, 2)
    return out.contiguous(memory_format=torch.channels_last)


@row_conv2d.register_fake
def _(x: Tensor, weight: Tensor, bias: Tensor, padding: int) -> Tensor:
    grown = 2 * padding - weight.shape[-1] + 1
    shape = x.shape[0], x.shape[2] + grown, x.shape[3] + grown, weight.shape[0]
    return x.new_empty(shape).permute(0, 3, 1, 2)


class RowConv2d(nn.Conv2d):
    """``nn.Conv2d`` that goes row by row in float32 inference on CPU; parameters and checkpoints are the same."""

    def forward(self, x: Tensor) -> Tensor:
        """The convolution; an exported net holds the plain one."""
        # a compiler lays the kernels out once itself
        inference = x.dtype == torch.float32 and not torch.is_grad_enabled() and not torch.compiler.is_compiling()
        if inference and self._fits() and eager_on_cpu(x, self.weight):
            return row_conv2d(x, self.weight, self.bias, self.padding[0])
        return super().forward(x)

    def _fits(self) -> bool:
        """A square kernel of which each step is one pixel, and kernels that lie channels last."""
        square = self.kernel_size[0] == self.kernel_size[1] and self.padding[0] == self.padding[1]
        steps = (self.stride, self.dilation, self.groups) == ((1, 1), (1, 1), 1)
        return square and steps and self.bias is not None and self.weight.permute(0, 2, 3, 1).is_contiguous()
