"""Upsampling by transposed convolution with bilinear kernels, one per class (CVPR 2015, sec. 3.3).

N batch, C classes, H and W height and width. A fixed kernel is known, so it is no part of a
checkpoint; a learnable one starts from the same values.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..errors import UserError
from .coord_map import CoordMap


def bilinear_kernel(size: int) -> Tensor:
    """The (size, size) kernel whose transposed convolution interpolates bilinearly.

    Along one axis ``w[i] = 1 - |i - c| / f`` with ``f = ceil(size / 2)`` and the centre
    ``c = (size - 1) / 2``; the plane is the outer product.
    """
    factor = (size + 1) // 2
    ramp = 1 - (torch.arange(size, dtype=torch.float64) - (size - 1) / 2).abs() / factor
    return torch.outer(ramp, ramp).float()


class BilinearUpsample(nn.ConvTranspose2d):
    """(N, C, H, W) -> (N, C, sH, sW) with ``same`` padding p, else (N, C, s(H - 1) + k - 2p, s(W - 1) + k - 2p).

    Args:
        channels: C; each class has a kernel of its own (grouped), as the reference nets have off-diagonal zeros.
        stride: upsampling factor s.
        kernel_size: k; by default 2s for even s, 2s - 1 for odd s.
        padding: pixels p cut from each side; ``"same"`` is (k - s) / 2.
        learnable: train the kernels (the authors' nets keep them fixed; no significant difference).
        dense: a kernel for every pair of classes, (C, C, k, k), as in files that learned them; implies ``learnable``.

    Raises:
        UserError: ``"same"`` with k - s odd.
    """

    def __init__(
        self,
        channels: int,
        stride: int,
        kernel_size: int | None = None,
        padding: int | str = "same",
        learnable: bool = False,
        dense: bool = False,
    ) -> None:
        kernel_size = kernel_size or 2 * stride - stride % 2
        if padding == "same":
            if (kernel_size - stride) % 2:
                raise UserError(f"no 'same' padding for kernel {kernel_size} and stride {stride}: give a number")
            padding = (kernel_size - stride) // 2
        super().__init__(channels, channels, kernel_size, stride, padding, groups=1 if dense else channels, bias=False)
        self.learnable = learnable or dense
        if not self.learnable:
            del self.weight
            self.register_buffer("weight", torch.empty(channels, 1, kernel_size, kernel_size), persistent=False)
        self.init_weights()

    def reset_parameters(self) -> None:
        """Nothing: :meth:`init_weights` writes the bilinear kernels."""

    def coord_map(self, grid: CoordMap) -> CoordMap:
        """Where the output of a map on ``grid`` lies."""
        return grid.up(self.kernel_size[0], self.stride[0], self.padding[0])

    def init_weights(self) -> None:
        """Write the bilinear kernels, between different classes zeros."""
        kernel = bilinear_kernel(self.kernel_size[0])
        classes = torch.eye(self.in_channels) if self.groups == 1 else torch.ones(self.in_channels, 1)
        with torch.no_grad():
            self.weight.copy_(classes[..., None, None] * kernel)

    def rows(self, x: Tensor, first: int, last: int) -> Tensor:
        """Rows ``first`` to ``last`` (excluded) of what :meth:`forward` makes of (N, C, H, W), without making the others.

        Raises:
            UserError: rows that it does not have.
        """
        if not 0 <= first < last <= self.output_side(x.shape[-2]):
            raise UserError(f"rows {first} to {last} of a map of {self.output_side(x.shape[-2])} rows")
        kernel, stride, padding = self.kernel_size[0], self.stride[0], self.padding[0]
        # input row i gives the rows from stride * i - padding on, as many as the kernel is high
        top = max(0, -((kernel - 1 - padding - first) // stride))
        bottom = min(x.shape[-2], (last - 1 + padding) // stride + 1)
        up = F.conv_transpose2d(
            x[..., top:bottom, :], self.weight, None, self.stride, (0, self.padding[1]), groups=self.groups
        )
        start = first + padding - stride * top
        return up[..., start : start + last - first, :]

    def output_side(self, side: int) -> int:
        """Side in pixels of what becomes of a map of ``side`` pixels."""
        return self.stride[0] * (side - 1) + self.kernel_size[0] - 2 * self.padding[0]
