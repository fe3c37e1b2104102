"""Upsampling kernels of other files: dense (C, C, k, k), where ours are one per class (CVPR 2015, sec. 3.3)."""

from __future__ import annotations

import torch
from torch import Tensor

from ...layers import bilinear_kernel


def per_class(kernel: Tensor) -> Tensor | None:
    """The (C, 1, k, k) kernels of a dense one whose pairs of different classes are zero; None where they are not."""
    if kernel.shape[1] == 1:
        return kernel
    own = torch.eye(kernel.shape[0], dtype=torch.bool)
    if kernel.shape[0] != kernel.shape[1] or kernel[~own].any():
        return None
    return kernel[own][:, None]


def is_bilinear(kernel: Tensor) -> bool:
    """Whether it is the fixed bilinear kernel for each class alone."""
    own = per_class(kernel)
    # files of other programs round the last digits differently
    return own is not None and torch.allclose(
        own.float(), bilinear_kernel(kernel.shape[-1]).expand(own.shape), atol=1e-6
    )


def dense(kernel: Tensor) -> Tensor:
    """(C, 1, k, k) -> (C, C, k, k) with zeros between different classes."""
    return torch.eye(len(kernel), dtype=kernel.dtype)[..., None, None] * kernel
