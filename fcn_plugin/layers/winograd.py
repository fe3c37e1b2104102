"""3 x 3 convolution by Winograd's minimal filtering F(4 x 4, 3 x 3), with a quarter of the multiplications.

Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", CVPR 2016 (arXiv 1509.09308), sec. 4.3. N batch, C and K
channels in and out, H x W map; the map is cut into T tiles of 4 x 4 outputs, each from 6 x 6 inputs. With the transforms B, G, A
along both axes, tile d and kernel g give ``A [(G g) * (B d)]``; over all channels, ``*`` is 36 matrix products of T x C by C x K.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

TILE, SIDE = 4, 6  # outputs and inputs of a tile along one axis
STRIP_BYTES = 8 << 20  # a strip of tiles stays in the cache through all three steps
_B = [
    [4, 0, -5, 0, 1, 0],
    [0, -4, -4, 1, 1, 0],
    [0, 4, -4, -1, 1, 0],
    [0, -2, -1, 2, 1, 0],
    [0, 2, -1, -2, 1, 0],
    [0, 4, 0, -5, 0, 1],
]
_G = [[6, 0, 0], [-4, -4, -4], [-4, 4, -4], [1, 2, 4], [1, -2, 4], [0, 0, 24]]  # times 1/24
_A = [[1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 0], [0, 1, 1, 4, 4, 0], [0, 1, -1, 8, -8, 1]]


B, G, A = (torch.tensor(rows, dtype=torch.float64) / divisor for rows, divisor in ((_B, 1), (_G, 24), (_A, 1)))


def _both_axes(matrix: Tensor, x: Tensor) -> Tensor:
    """Transform both axes of tiles (b^2, M) by a matrix (a, b); return (a^2, M)."""
    (a, b), matrix = matrix.shape, matrix.to(x)
    half = (matrix @ x.reshape(b, -1)).view(a, b, -1)
    return torch.bmm(matrix.expand(a, a, b), half).view(a * a, -1)


@torch.library.custom_op("fcn_plugin::winograd_conv2d", mutates_args=())
def winograd_conv2d(x: Tensor, weight: Tensor, bias: Tensor | None, direct: bool = False) -> Tensor:
    """Convolve (N, C, H, W) with (K, C, 3, 3) to (N, K, H, W): stride 1, padding 1, channels last in memory.

    The result differs from direct convolution by rounding: about 1e-5 of the largest value in float32. With ``direct``, only the
    gradient of the kernels is computed by Winograd's algorithm.
    """
    if direct:
        return F.conv2d(x, weight, bias, padding=1).contiguous(memory_format=torch.channels_last)
    k, c, *_ = weight.shape
    # (36, K, C), the cheaper order for channels-last kernels
    kernels = _both_axes(G, weight.permute(2, 3, 0, 1).reshape(9, k * c)).view(SIDE**2, k, c)
    out = _empty(x, weight)
    lines = out.permute(0, 2, 3, 1)
    tiled = _Tiles(x, k, border=1)
    for images, rows in tiled.strips():
        summed = torch.bmm(_inputs(tiled, images, rows), kernels.mT)
        strip = tiled.joined(_both_axes(A, summed.flatten(1)), images, rows)
        target = lines[images, TILE * rows.start : TILE * rows.stop]
        strip = strip[:, : target.shape[1], : target.shape[2]]
        torch.add(strip, 0 if bias is None else bias, out=target)
    return out


@torch.library.custom_op("fcn_plugin::winograd_conv2d_weight", mutates_args=())
def winograd_weight_gradient(x: Tensor, gradient: Tensor) -> Tensor:
    """Compute the gradient (K, C, 3, 3) of the kernels from the input (N, C, H, W) and the output's gradient (N, K, H, W)."""
    inputs = _Tiles(x, gradient.shape[1], border=1)
    outputs = _Tiles(gradient, x.shape[1], border=0)
    total = x.new_zeros(SIDE**2, x.shape[1], gradient.shape[1])
    for images, rows in inputs.strips():
        back = _both_axes(A.T, outputs.cut(images, rows, TILE).flatten(1))
        total.baddbmm_(_inputs(inputs, images, rows).mT, back.view(SIDE**2, -1, gradient.shape[1]))
    kernels = _both_axes(G.T, total.flatten(1)).view(3, 3, *total.shape[1:]).permute(3, 2, 0, 1)
    return kernels.contiguous(memory_format=torch.channels_last)


class _Tiles:
    """A map cut into overlapping tiles; N, H, W, C in memory."""

    def __init__(self, x: Tensor, other_channels: int, border: int) -> None:
        self.images, self.channels, height, width = x.shape
        self.high, self.wide = -(-height // TILE), -(-width // TILE)
        right, bottom = TILE * self.wide - width + border, TILE * self.high - height + border
        self.map = F.pad(x, (border, right, border, bottom)).permute(0, 2, 3, 1).contiguous()
        # each strip reads the kernels again, so it is at least as large as they are
        most = max(STRIP_BYTES, SIDE**2 * self.channels * other_channels * x.element_size())
        self.tiles = most // (SIDE**2 * max(self.channels, other_channels) * x.element_size())

    def strips(self) -> Iterator[tuple[slice, slice]]:
        """Yield the images and rows of tiles to compute together."""
        rows = min(self.high, max(1, self.tiles // self.wide))
        images = max(1, self.tiles // (self.wide * self.high)) if rows == self.high else 1
        for i in range(0, self.images, images):
            for r in range(0, self.high, rows):
                yield slice(i, min(i + images, self.images)), slice(r, min(r + rows, self.high))

    def cut(self, images: slice, rows: slice, side: int) -> Tensor:
        """Return (side^2, T, C): each tile's pixel (u, v) at index ``side u + v``; tiles by image, row and column."""
        per_image, per_row, per_pixel, _ = self.map.stride()
        view = self.map.as_strided(
            (side, side, images.stop - images.start, rows.stop - rows.start, self.wide, self.channels),
            (per_row, per_pixel, per_image, TILE * per_row, TILE * per_pixel, 1),
            images.start * per_image + TILE * rows.start * per_row,
        )
        return view.reshape(side**2, -1, self.channels)

    def joined(self, tiles: Tensor, images: slice, rows: slice) -> Tensor:
        """Join (16, T * K) to (N, 4 rows, 4 columns, K), as a view if possible."""
        n, k = images.stop - images.start, rows.stop - rows.start
        by_place = tiles.view(TILE, TILE, n, k, self.wide, -1).permute(2, 3, 0, 4, 1, 5)
        return by_place.reshape(n, k * TILE, self.wide * TILE, -1)


def _inputs(tiled: _Tiles, images: slice, rows: slice) -> Tensor:
    """Return the transformed tiles, (36, T, C)."""
    cut = tiled.cut(images, rows, SIDE)
    return _both_axes(B, cut.flatten(1)).view(cut.shape)


def _empty(x: Tensor, weight: Tensor) -> Tensor:
    """Allocate the output, not as a view, since torch allows no in-place ReLU on views from operators with their own gradient."""
    size = (x.shape[0], weight.shape[0], *x.shape[2:])
    return torch.empty(size, dtype=x.dtype, device=x.device, memory_format=torch.channels_last)


@winograd_conv2d.register_fake
def _(x: Tensor, weight: Tensor, bias: Tensor | None, direct: bool = False) -> Tensor:
    return _empty(x, weight)


@winograd_weight_gradient.register_fake
def _(x: Tensor, gradient: Tensor) -> Tensor:
    return x.new_empty(gradient.shape[1], 3, 3, x.shape[1]).permute(0, 3, 1, 2)


def _backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
    (x, weight), wanted = ctx.saved_tensors, ctx.needs_input_grad
    return (
        winograd_conv2d(gradient, weight.flip(2, 3).transpose(0, 1), None, ctx.direct) if wanted[0] else None,
        winograd_weight_gradient(x, gradient) if wanted[1] else None,
        gradient.sum((0, 2, 3)) if wanted[2] else None,
        None,
    )


def _save(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    ctx.save_for_backward(*inputs[:2])
    ctx.direct = inputs[3]


winograd_conv2d.register_autograd(_backward, setup_context=_save)
