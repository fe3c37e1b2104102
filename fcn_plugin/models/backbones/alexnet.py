"""AlexNet up to pool5, the backbone of FCN-AlexNet (Long et al., CVPR 2015, sec. 4.1, Table 1).

N batch, H x W image; maps of strides 8, 16 and 32. Layers of Krizhevsky et al., NIPS 2012, in the order of the BVLC CaffeNet,
pooling before normalisation, with whose weights the authors' nets start.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from mmseg.registry import MODELS
from torch import Tensor, nn

from ...errors import UserError

CHANNELS = {"caffenet": (96, 256, 384, 384, 256), "torchvision": (64, 192, 384, 256, 256)}


@MODELS.register_module()
class AlexNet(BaseModule):
    """Image -> (pool1, pool2, pool5), each before any normalisation.

    mmpretrain's AlexNet has no normalisation and no groups, its pools round down, and it returns only pool5.

    Args:
        style: ``caffenet`` has 96, 256, 384, 384, 256 channels, two groups in conv2, conv4 and conv5, and local response
            normalisation after pool1 and pool2; ``torchvision`` has 64, 192, 384, 256, 256 channels and neither.
        out_indices: maps to return: 0 pool1 (stride 8), 1 pool2 (stride 16), 2 pool5 (stride 32).
        init_cfg: initialisation of the convolutions; Kaiming by default.

    Raises:
        UserError: ``config-value`` for an unknown style or output index.
    """

    def __init__(
        self,
        style: str = "caffenet",
        out_indices: Sequence[int] = (2,),
        init_cfg: dict[str, Any] | list[Any] | None = None,
    ) -> None:
        super().__init__(init_cfg or dict(type="Kaiming", layer="Conv2d"))
        self.out_indices = check_options(style, CHANNELS, out_indices)
        groups, norm = (2, CaffeLRN) if style == "caffenet" else (1, nn.Identity)
        c1, c2, c3, c4, c5 = CHANNELS[style]
        self.conv1 = nn.Conv2d(3, c1, 11, stride=4, padding=2)
        self.norm1 = norm()
        self.conv2 = nn.Conv2d(c1, c2, 5, padding=2, groups=groups)
        self.norm2 = norm()
        self.conv3 = nn.Conv2d(c2, c3, 3, padding=1)
        self.conv4 = nn.Conv2d(c3, c4, 3, padding=1, groups=groups)
        self.conv5 = nn.Conv2d(c4, c5, 3, padding=1, groups=groups)
        self.pool = nn.MaxPool2d(3, stride=2, ceil_mode=True)  # rounds up, as Caffe does

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Return the maps of ``out_indices`` of images (N, 3, H, W), shallow to deep."""
        pool1 = self.pool(F.relu(self.conv1(x), inplace=True))
        pool2 = self.pool(F.relu(self.conv2(self.norm1(pool1)), inplace=True))
        x = self.norm2(pool2)
        for conv in (self.conv3, self.conv4, self.conv5):
            x = F.relu(conv(x), inplace=True)
        maps = (pool1, pool2, self.pool(x))
        return tuple(maps[i] for i in self.out_indices)


class CaffeLRN(nn.LocalResponseNorm):
    """Caffe's normalisation over 5 neighbouring channels: ``x / (1 + 1e-4 / 5 * sum of squares) ** 0.75``.

    Keeps shape and dtype, but computes in float32 at least: squares of activations above 255 overflow float16.
    """

    def __init__(self) -> None:
        super().__init__(size=5, alpha=1e-4, beta=0.75, k=1.0)

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.to(torch.promote_types(x.dtype, torch.float32))).to(x.dtype)


def check_options(style: str, styles: Collection[str], out_indices: Sequence[int]) -> tuple[int, ...]:
    """Return the indices sorted from shallow to deep, without duplicates.

    Raises:
        UserError: ``config-value`` for an unknown style, no index, or an index other than 0, 1, 2.
    """
    if style not in styles:
        raise UserError("config-value", f"unknown style {style!r}: give one of {', '.join(styles)}")
    if isinstance(out_indices, int) or not out_indices or any(i not in (0, 1, 2) for i in out_indices):
        known = "0 (stride 8), 1 (stride 16) and 2 (stride 32)"
        raise UserError("config-value", f"out_indices {out_indices!r} must list one or more of {known}")
    return tuple(sorted(set(out_indices)))
