"""Decoders of SegNet and DeconvNet: unpool with the encoder's indices, then convolve, from pool5 back to the image's size.

N batch, C channels, h x w map; strides in image pixels. Badrinarayanan et al., PAMI 2017, sec. 3; Noh et al., ICCV 2015, sec. 3.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import torch
from mmcv.cnn import ConvModule
from mmseg.registry import MODELS
from torch import Tensor, nn

from ...errors import UserError
from .skip_neck import FCNSkipNeck, convolve, known


@MODELS.register_module()
class FCNUnpoolNeck(FCNSkipNeck):
    """(indices of pool1, ..., pool5; pool5) of an ``IndexedVGG`` -> (fr, deepest map); fr (N, C, H, W) has stride 1.

    Each decoder puts its map's values where the encoder's pool found its maxima, zeros elsewhere, and convolves 3 x 3; the
    last convolution narrows to the channels of the next decoder. Without fc6 and fc7 this is SegNet; with them DeconvNet, whose
    ``deconv_fc6`` brings fc7 back to pool5. A transposed convolution of stride 1 is a convolution, so all are ``Conv2d``.
    The deepest map has the net's stride, to which images are padded; no head scores it.

    Args:
        in_channels: channels of the backbone's outputs; ``auto`` in an FCN's config finds them.
        convs: convolutions of each decoder, shallow to deep; by default as in VGG16.
        fc_channels: channels of fc6 and fc7, 4096 for DeconvNet; None is SegNet.
        fc6_kernel: side of the kernels of fc6 and deconv_fc6.
        norm_cfg: norm after each convolution of the decoders.
        dropout_ratio: dropout after fc6 and fc7, or of pool5 without them; the papers' nets have none.
        geometry: only ``aligned``, in which windows of 2 x 2 cover each map.
        init_cfg: initialisation; Kaiming by default.

    Raises:
        UserError: ``config-value`` for another geometry, or if the numbers of decoders and pools differ.
    """

    def __init__(
        self,
        in_channels: Sequence[int] | Literal["auto"],
        convs: Sequence[int] = (2, 2, 3, 3, 3),
        fc_channels: int | None = None,
        fc6_kernel: int = 7,
        norm_cfg: dict[str, Any] | None = dict(type="BN"),  # noqa: B006, never changed
        dropout_ratio: float = 0.0,
        geometry: str = "aligned",
        init_cfg: dict[str, Any] | None = None,
    ) -> None:
        if geometry != "aligned":
            raise UserError("config-value", f"model.geometry is {geometry!r}: FCNUnpoolNeck needs 'aligned'")
        *widths, deepest = known(in_channels)
        if len(widths) != len(convs):
            found = f"neck.convs {tuple(convs)} are {len(convs)} decoders, the backbone returns {len(widths)} indices"
            raise UserError("config-value", f"{found}: give one number per pool, and backbone IndexedVGG")
        super().__init__((deepest,), fc_channels, fc6_kernel, dropout_ratio=dropout_ratio, init_cfg=init_cfg)
        if fc_channels is not None:
            padding = self.fc6_padding
            self.deconv_fc6 = ConvModule(fc_channels, deepest, fc6_kernel, padding=padding, norm_cfg=norm_cfg)
        for stage, (count, wide, narrow) in enumerate(zip(convs, widths, (widths[0], *widths), strict=False), 1):
            outputs = [wide] * (count - 1) + [narrow]
            layers = [ConvModule(wide, out, 3, padding=1, norm_cfg=norm_cfg) for out in outputs]
            self.add_module(f"decoder{stage}", nn.Sequential(*layers))
        self.decoders = [f"decoder{stage}" for stage in range(len(convs), 0, -1)]  # deepest first

    @staticmethod
    def may_be_new(key: str) -> bool:
        """Return whether weights that training starts from may lack a tensor: one of the decoders."""
        return key.startswith(("neck.decoder", "neck.deconv_fc6."))

    def forward(self, inputs: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """Compute fr from the last input and the indices before it; also return the deepest map."""
        *places, x = inputs
        (x,) = super().forward((x,))
        if self.fc_channels is not None:
            x = convolve(self.deconv_fc6, x, self.fc6_padding)
        deepest = x
        for name, where in zip(self.decoders, reversed(places), strict=True):
            x = getattr(self, name)(unpool(x, where))
        return x, deepest


def unpool(x: Tensor, places: Tensor) -> Tensor:
    """Return (N, C, 2h, 2w): the values of x (N, C, h, w) at the places of a 2 x 2 pool's maxima, zeros elsewhere.

    Deterministic: windows do not overlap, so no pixel is written twice. ``F.max_unpool2d`` calls this function too, after a
    check of the size that ``torch.jit.trace`` can't follow (torch 2.15).
    """
    return torch._C._nn.max_unpool2d(x, places, [2 * side for side in x.shape[-2:]])
