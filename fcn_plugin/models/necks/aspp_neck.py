"""Atrous spatial pyramid pooling on the deepest stream, in place of fc6 and fc7 (Chen et al., arXiv 1606.00915, 1706.05587).

N batch, C channels; strides in image pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import torch
from mmcv.cnn import ConvModule
from mmseg.models.decode_heads.aspp_head import ASPPModule
from mmseg.models.decode_heads.sep_aspp_head import DepthwiseSeparableASPPModule
from mmseg.registry import MODELS
from torch import Tensor

from .skip_neck import FCNSkipNeck


@MODELS.register_module()
class FCNASPPNeck(FCNSkipNeck):
    """(..., pool4, pool5) -> (fr, pool4, ...), deepest stream first; fr (N, channels, h, w) is the pyramid of pool5.

    Parallel branches have the same kernel and different dilations; a 1 x 1 convolution joins them. The papers' branch that
    averages the whole image is omitted: each pixel's scores would depend on all of the image and on its padding, and tiles
    would no longer give the whole image's scores.

    Args:
        in_channels: see :class:`.FCNSkipNeck`.
        channels: channels of each branch and of fr.
        dilations: one per branch; 1 is a 1 x 1 convolution. (1, 6, 12, 18) are the paper's at stride 16 and crops of 513
            pixels; smaller crops need smaller ones, stride 8 needs twice as much.
        separable: use the lighter depthwise and pointwise convolutions of DeepLabv3+.
        norm_cfg: norm after each convolution.
        scales: see :class:`.FCNSkipNeck`.
        dropout_ratio: dropout of fr.
        geometry: unused; all layers keep their map's size in both geometries.
        init_cfg: initialisation; Kaiming by default.
    """

    def __init__(
        self,
        in_channels: Sequence[int] | Literal["auto"],
        channels: int = 256,
        dilations: Sequence[int] = (1, 6, 12, 18),
        separable: bool = False,
        norm_cfg: dict[str, Any] | None = dict(type="BN"),  # noqa: B006, never changed
        scales: Sequence[float] | None = None,
        dropout_ratio: float = 0.1,
        geometry: str = "aligned",
        init_cfg: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(in_channels, None, scales=scales, dropout_ratio=dropout_ratio, init_cfg=init_cfg)
        pyramid = DepthwiseSeparableASPPModule if separable else ASPPModule
        common = dict(conv_cfg=None, norm_cfg=norm_cfg, act_cfg=dict(type="ReLU"))
        self.aspp = pyramid(dilations=tuple(dilations), in_channels=in_channels[-1], channels=channels, **common)
        self.bottleneck = ConvModule(len(self.aspp) * channels, channels, 1, norm_cfg=norm_cfg)

    @staticmethod
    def may_be_new(key: str) -> bool:
        """Return whether weights that training starts from may lack a tensor: one of the pyramid."""
        return key.startswith(("neck.aspp.", "neck.bottleneck."))

    def forward(self, inputs: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """Compute fr from the last input; the skips pass through, scaled."""
        *skips, x = inputs
        return super().forward((*skips, self.bottleneck(torch.cat(self.aspp(x), 1))))
