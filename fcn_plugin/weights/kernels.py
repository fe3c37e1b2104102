"""Convert other files' kernels to our shapes: upsampling kernels per class, and narrower fully connected layers.

Other files have dense upsampling kernels, (C, C, k, k); ours are one per class, (C, 1, k, k) (CVPR 2015, sec. 3.3).
Subsampling follows Chen et al., ICLR 2015 (DeepLab), sec. 3.1: fc6 as 3 x 3 or 4 x 4 instead of 7 x 7, with 1,024 instead of
4,096 channels, keeps most of the score. With ``fc6_kernel=3, fc6_dilation=3`` the taps stay in place. Values are not rescaled.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ..layers.bilinear import bilinear_kernel


def per_class(kernel: Tensor) -> Tensor | None:
    """Reduce a dense kernel to (C, 1, k, k); None if a pair of different classes is not zero, or it is not a kernel."""
    o, i, h, w = kernel.shape if kernel.dim() == 4 else (0, 0, 0, 1)
    if not kernel.is_floating_point() or not kernel.numel() or h != w or i not in (1, o):
        return None
    if i == 1:
        return kernel
    own = torch.eye(o, dtype=torch.bool)
    return None if kernel[~own].any() else kernel[own][:, None]


def is_bilinear(kernel: Tensor) -> bool:
    """Return whether a kernel is the fixed bilinear one, for each class separately, to the precision of its data type."""
    own = per_class(kernel)
    if own is None:
        return False
    fixed = bilinear_kernel(kernel.shape[-1]).to(own.dtype).expand(own.shape)
    # other programs may round the last digit differently
    return torch.allclose(own.double(), fixed.double(), rtol=2 * torch.finfo(own.dtype).eps, atol=1e-6)


def dense(kernel: Tensor) -> Tensor:
    """Expand (C, 1, k, k) to (C, C, k, k), with zeros between different classes."""
    return torch.eye(len(kernel), dtype=kernel.dtype)[..., None, None] * kernel


def subsample(tensor: Tensor, shape: Sequence[int]) -> Tensor | None:
    """Take m of n entries along each axis, at ``round(i * (n - 1) / (m - 1))``: 0, 3, 6 of 7; the middle one for m = 1.

    None if the shape has another number of axes, or is larger along one.
    """
    if len(shape) != tensor.dim() or any(map(int.__gt__, shape, tensor.shape)):
        return None
    for axis, (have, want) in enumerate(zip(tensor.shape, shape, strict=True)):
        if want < have:
            first = (have - 1) // 2 if want == 1 else 0
            places = torch.linspace(first, have - 1, want, dtype=torch.float64)
            tensor = tensor.index_select(axis, places.round().long())
    return tensor
