"""Narrower fully connected layers out of wide ones: evenly spaced channels and taps.

Chen et al., ICLR 2015 (DeepLab), sec. 3.1: fc6 as 3 x 3 or 4 x 4 instead of 7 x 7 with 1,024 instead of 4,096 channels
keeps most of the score. With ``fc6_kernel=3, fc6_dilation=3`` the taps stay where they were. Values are not rescaled.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def subsample(tensor: Tensor, shape: Sequence[int]) -> Tensor:
    """Of n entries along an axis the m at ``round(i * (n - 1) / (m - 1))``: 0, 3, 6 of 7; the middle one for m = 1."""
    for axis, (have, want) in enumerate(zip(tensor.shape, shape, strict=True)):
        if want < have:
            first = (have - 1) // 2 if want == 1 else 0
            places = torch.linspace(first, have - 1, want, dtype=torch.float64)
            tensor = tensor.index_select(axis, places.round().long())
    return tensor


def can_subsample(tensor: Tensor, shape: Sequence[int] | None) -> bool:
    """Whether the shape is no larger along any axis."""
    return shape is not None and len(shape) == tensor.dim() and all(map(int.__le__, shape, tensor.shape))
