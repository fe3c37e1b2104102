"""Upsampling by transposed convolution with bilinear kernels, one per class (CVPR 2015, sec. 3.3), and the crop after it.

N batch, C classes, H and W height and width. Checkpoints don't contain fixed kernels; learnable ones start from the same values.
"""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..errors import UserError
from .coord_map import CoordMap


def bilinear_kernel(size: int) -> Tensor:
    """Return the (size, size) kernel whose transposed convolution interpolates bilinearly.

    Along one axis ``w[i] = 1 - |i - c| / f``, f = ceil(size / 2), c = (size - 1) / 2; the plane is the outer product.
    """
    ramp = bilinear_ramp(size)
    return torch.outer(ramp, ramp).float()


def bilinear_ramp(size: int) -> Tensor:
    """Return the (size,) weights of :func:`bilinear_kernel` along one axis, float64."""
    return 1 - (torch.arange(size, dtype=torch.float64) - (size - 1) / 2).abs() / ((size + 1) // 2)


def crop(x: Tensor, offset: int, size: tuple[int, int]) -> Tensor:
    """Crop (N, C, H, W) to (N, C, *size), a view that starts at (offset, offset); never resize.

    Raises:
        UserError: ``geometry`` if ``offset + size`` exceeds the map.
    """
    height, width = x.shape[-2:]
    if offset + size[0] > height or offset + size[1] > width:
        raise UserError("geometry", f"crop {size} at {offset} exceeds a map of {(height, width)}: pad the input more")
    return x[..., offset : offset + size[0], offset : offset + size[1]]


class BilinearUpsample(nn.ConvTranspose2d):
    """Upsample (N, C, H, W) to (N, C, sH, sW) with ``same`` padding p, else to (N, C, s(H - 1) + k - 2p, s(W - 1) + k - 2p).

    Args:
        channels: C; each class has its own kernel (grouped), where the reference nets have zeros between classes.
        stride: upsampling factor s.
        kernel_size: k; by default 2s for even s, 2s - 1 for odd s.
        padding: pixels p cut from each side; ``"same"`` is (k - s) / 2.
        learnable: train the kernels (the authors' nets keep them fixed; no significant difference).
        dense: a kernel for every pair of classes, (C, C, k, k), as in files with learned kernels; implies ``learnable``.

    Raises:
        UserError: ``geometry`` for ``"same"`` with k - s odd.
    """

    padding: tuple[int, int]

    def __init__(
        self,
        channels: int,
        stride: int,
        kernel_size: int | None = None,
        padding: int | Literal["same"] = "same",
        learnable: bool = False,
        dense: bool = False,
    ) -> None:
        kernel_size = kernel_size or 2 * stride - stride % 2
        if padding == "same":
            if (kernel_size - stride) % 2:
                raise UserError("geometry", f"no 'same' padding for kernel {kernel_size}, stride {stride}: give one")
            padding = (kernel_size - stride) // 2
        super().__init__(channels, channels, kernel_size, stride, padding, groups=1 if dense else channels, bias=False)
        self.learnable = learnable or dense
        if not self.learnable:
            del self.weight
            self.register_buffer("weight", torch.empty(channels, 1, kernel_size, kernel_size), persistent=False)
        self.init_weights()

    def reset_parameters(self) -> None:
        """Do nothing: :meth:`init_weights` writes the bilinear kernels."""

    def forward(self, input: Tensor, output_size: list[int] | None = None) -> Tensor:
        """Upsample; a fixed 1 x 1 kernel returns a view of the input."""
        # a view, since torch.export can't handle a no-autocast region that returns its input itself
        return input.view_as(input) if self._is_identity else super().forward(input, output_size)

    @property
    def _is_identity(self) -> bool:
        return self.kernel_size == (1, 1) and not self.learnable

    def coord_map(self, grid: CoordMap) -> CoordMap:
        """Return the coordinate map of the output for an input on ``grid``."""
        return grid.up(self.kernel_size[0], self.stride[0], self.padding[0])

    def init_weights(self) -> None:
        """Write the bilinear kernels, and zeros between different classes."""
        kernel = bilinear_kernel(self.kernel_size[0])
        classes = torch.eye(self.in_channels) if self.groups == 1 else torch.ones(self.in_channels, 1)
        with torch.no_grad():
            self.weight.copy_(classes[..., None, None] * kernel)

    def rows(self, x: Tensor, first: int, last: int) -> Tensor:
        """Compute only rows ``first`` to ``last`` (excluded) of the output for (N, C, H, W); UserError: ``geometry``."""
        self._check_rows(x.shape[-2], first, last)
        if self._is_identity:
            return x[..., first:last, :]
        kernel, stride, padding = self.kernel_size[0], self.stride[0], self.padding[0]
        # input row i contributes to `kernel` output rows, starting at stride * i - padding
        top = max(0, -((kernel - 1 - padding - first) // stride))
        bottom = min(x.shape[-2], (last - 1 + padding) // stride + 1)
        x = x[..., top:bottom, :]
        up = F.conv_transpose2d(x, self.weight, None, self.stride, (0, self.padding[1]), groups=self.groups)
        start = first + padding - stride * top
        return up[..., start : start + last - first, :]

    def axis_matrix(self, side: int, first: int, last: int) -> Tensor:
        """Return weights (last - first, side), float64, of an axis's inputs for its outputs ``first`` to ``last`` (excluded).

        For fixed kernels, ``A x B^T`` with the matrices of both axes is the upsampling of a map x. UserError: ``geometry``.
        """
        self._check_rows(side, first, last)
        size, place = self.kernel_size[0], torch.arange(first, last) + self.padding[0]
        tap = place[:, None] - self.stride[0] * torch.arange(side)
        return torch.where((tap >= 0) & (tap < size), bilinear_ramp(size)[tap.clamp(0, size - 1)], 0)

    def output_side(self, side: int) -> int:
        """Return the output's side in pixels for an input side in pixels."""
        return self.stride[0] * (side - 1) + self.kernel_size[0] - 2 * self.padding[0]

    def _check_rows(self, side: int, first: int, last: int) -> None:
        if not 0 <= first < last <= self.output_side(side):
            raise UserError("geometry", f"rows {first}..{last} are outside a map of {self.output_side(side)} rows")
