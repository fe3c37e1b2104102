"""Upsampling kernels of other files: dense (C, C, k, k), where ours are one per class (CVPR 2015, sec. 3.3)."""

from __future__ import annotations

import torch
from torch import Tensor

from ..layers.bilinear import bilinear_kernel


def per_class(kernel: Tensor) -> Tensor | None:
    """The (C, 1, k, k) kernels of a dense one whose pairs of different classes are zero; None where they are not."""
    if kernel.dim() != 4 or kernel.shape[2] != kernel.shape[3] or kernel.shape[1] not in (1, kernel.shape[0]):
        return None
    if kernel.shape[1] == 1:
        return kernel
    own = torch.eye(kernel.shape[0], dtype=torch.bool)
    return None if kernel[~own].any() else kernel[own][:, None]


def is_bilinear(kernel: Tensor) -> bool:
    """Whether it is the fixed bilinear kernel for each class alone, to the precision that it is stored with."""
    own = per_class(kernel)
    if own is None:
        return False
    fixed = bilinear_kernel(kernel.shape[-1]).to(own.dtype).expand(own.shape)
    # other programs round the last digit otherwise
    return torch.allclose(own.double(), fixed.double(), rtol=2 * torch.finfo(own.dtype).eps, atol=1e-6)


def dense(kernel: Tensor) -> Tensor:
    """(C, 1, k, k) -> (C, C, k, k) with zeros between different classes."""
    return torch.eye(len(kernel), dtype=kernel.dtype)[..., None, None] * kernel
