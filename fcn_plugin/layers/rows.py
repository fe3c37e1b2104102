"""A large kernel on a small map: one matrix product for each of the kernel's rows. For fc6 (CVPR 2015, sec. 3.1).

N batch, C and K channels in and out, H x W input map, k side of the kernel, p padding; stride 1, channels last in memory.

oneDNN reorders the kernels in every call, which for fc6 reads and writes 411 MB, in a layout that is slow for their gradients. Here
the kernels stay in their memory layout, and rows that see only padding are skipped: a seventh of the work on a map of 12 rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor


@torch.library.custom_op("fcn_plugin::row_conv2d", mutates_args=())
def row_conv2d(x: Tensor, weight: Tensor, bias: Tensor, padding: int) -> Tensor:
    """Convolve (N, C, H, W) with (K, C, k, k) to (N, K, H + 2p - k + 1, W + 2p - k + 1)."""
    side, seen = weight.shape[-1], _patches(x, weight.shape[-1], padding)
    high, wide = (length + 2 * padding - side + 1 for length in x.shape[2:])
    out = bias.repeat(high, len(x) * wide, 1)
    kernels = _by_row(weight)
    for row, inputs, outputs in _rows(x.shape[2], high, side, padding):
        out[outputs].flatten(0, 1).addmm_(seen[inputs].flatten(0, 1), kernels[row].mT)
    # a copy, since torch allows no in-place ReLU on views from operators with their own gradient
    return out.view(high, len(x), wide, -1).permute(1, 3, 0, 2).clone(memory_format=torch.channels_last)


@torch.library.custom_op("fcn_plugin::row_conv2d_input", mutates_args=())
def row_conv2d_input_gradient(gradient: Tensor, weight: Tensor, padding: int) -> Tensor:
    """Compute the gradient (N, C, H, W) of the input from that of the output, (N, K, h, w)."""
    (n, _, high, wide), (_, channels, side, _) = gradient.shape, weight.shape
    height, width = high - 2 * padding + side - 1, wide - 2 * padding + side - 1
    back, kernels = _lines(gradient), _by_row(weight)
    seen = gradient.new_zeros(height, n * wide, side * channels)
    for row, inputs, outputs in _rows(height, high, side, padding):
        seen[inputs].flatten(0, 1).addmm_(back[outputs].flatten(0, 1), kernels[row])
    lines = gradient.new_zeros(n, height, width + 2 * padding, channels)
    for column, part in enumerate(seen.view(height, n, wide, side, channels).unbind(3)):
        lines[:, :, column : column + wide] += part.transpose(0, 1)
    return lines[:, :, padding : padding + width].permute(0, 3, 1, 2).clone(memory_format=torch.channels_last)


@torch.library.custom_op("fcn_plugin::row_conv2d_weight", mutates_args=())
def row_conv2d_weight_gradient(x: Tensor, gradient: Tensor, side: int, padding: int) -> Tensor:
    """Compute the gradient (K, C, k, k) of the kernels from the input (N, C, H, W) and the output's gradient (N, K, h, w)."""
    seen, back = _patches(x, side, padding), _lines(gradient)
    weight = _empty_kernels(x, gradient, side)
    kernels, unseen = _by_row(weight), set(range(side))
    for row, inputs, outputs in _rows(x.shape[2], gradient.shape[2], side, padding):
        torch.mm(back[outputs].flatten(0, 1).mT, seen[inputs].flatten(0, 1), out=kernels[row])
        unseen.remove(row)
    for row in unseen:
        kernels[row].zero_()
    return weight


def _patches(x: Tensor, side: int, padding: int) -> Tensor:
    """Return (H, N * w, k * C): what a row of the kernel sees at each place of a row of the padded map."""
    # H, N, W, C: each row of all images is contiguous
    lines = F.pad(x, (padding, padding)).permute(2, 0, 3, 1).contiguous()
    height, n, width, channels = lines.shape
    per_line, per_image, _, _ = lines.stride()
    wide = width - side + 1
    patches = lines.as_strided((height, n, wide, side * channels), (per_line, per_image, channels, 1))
    return patches.reshape(height, n * wide, side * channels)


def _lines(x: Tensor) -> Tensor:
    """Return (H, N * W, C)."""
    return x.permute(2, 0, 3, 1).flatten(1, 2).contiguous()


def _by_row(weight: Tensor) -> Tensor:
    """Return (k, K, k * C): each row of the kernels, a view if they are channels last."""
    return weight.permute(2, 0, 3, 1).flatten(2)


def _rows(height: int, high: int, side: int, padding: int) -> Iterator[tuple[int, slice, slice]]:
    """Yield each row of the kernel that sees rows of the input, with these rows and those of the output."""
    for row in range(side):
        first, last = max(0, padding - row), min(high, height + padding - row)
        if first < last:
            yield row, slice(first + row - padding, last + row - padding), slice(first, last)


def _empty_kernels(x: Tensor, gradient: Tensor, side: int) -> Tensor:
    return x.new_empty(gradient.shape[1], side, side, x.shape[1]).permute(0, 3, 1, 2)


@row_conv2d.register_fake
def _(x: Tensor, weight: Tensor, bias: Tensor, padding: int) -> Tensor:
    grown = 2 * padding - weight.shape[-1] + 1
    return x.new_empty(len(x), x.shape[2] + grown, x.shape[3] + grown, len(weight)).permute(0, 3, 1, 2)


@row_conv2d_input_gradient.register_fake
def _(gradient: Tensor, weight: Tensor, padding: int) -> Tensor:
    grown = weight.shape[-1] - 1 - 2 * padding
    n, _, high, wide = gradient.shape
    return gradient.new_empty(n, high + grown, wide + grown, weight.shape[1]).permute(0, 3, 1, 2)


@row_conv2d_weight_gradient.register_fake
def _(x: Tensor, gradient: Tensor, side: int, padding: int) -> Tensor:
    return _empty_kernels(x, gradient, side)


def _backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
    (x, weight), wanted = ctx.saved_tensors, ctx.needs_input_grad
    return (
        row_conv2d_input_gradient(gradient, weight, ctx.padding) if wanted[0] else None,
        row_conv2d_weight_gradient(x, gradient, weight.shape[-1], ctx.padding) if wanted[1] else None,
        gradient.sum((0, 2, 3)) if wanted[2] else None,
        None,
    )


def _save(ctx: Any, inputs: tuple, output: Tensor) -> None:
    ctx.save_for_backward(*inputs[:2])
    ctx.padding = inputs[3]


row_conv2d.register_autograd(_backward, setup_context=_save)
