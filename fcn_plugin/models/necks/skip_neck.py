"""The convolutionalised classifier on the deepest stream, and the skip streams.

N batch; strides in image pixels. Long et al., CVPR 2015, sec. 3.1: a fully connected layer is a convolution whose kernel covers
its whole input, so fc6 is 7x7 on pool5 and fc7 is 1x1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from mmseg.registry import MODELS
from torch import Tensor, nn

from ...errors import UserError


@MODELS.register_module()
class FCNSkipNeck(BaseModule):
    """(pool3, pool4, pool5) -> (fc7, pool4, pool3), deepest stream first.

    Args:
        in_channels: channels of the backbone's outputs, shallow to deep; ``auto`` in an FCN's config finds them.
        fc_channels: channels of fc6 and fc7; 4096 in the papers. None for classifiers without such layers (GoogLeNet,
            ResNet): the deepest stream then passes through, with dropout.
        fc6_kernel: side of fc6's kernel: 7 for VGG16, 6 for AlexNet.
        fc6_dilation: dilation of fc6: a 3 x 3 kernel with dilation 3 covers as much as a 7 x 7 one.
        scales: one factor per returned stream, deepest first, 1 by default; the at-once nets (PAMI 2016, sec. 4.3) use 1, 0.01
            and 0.0001 so that all streams train with one learning rate.
        dropout_ratio: dropout after fc6 and fc7.
        geometry: ``aligned`` pads fc6 so that fc7 keeps pool5's size, ``reference`` leaves it unpadded.
        init_cfg: initialisation of fc6 and fc7; Kaiming by default.

    Raises:
        UserError: ``config-value`` if the numbers of scales and streams differ.
    """

    def __init__(
        self,
        in_channels: Sequence[int] | Literal["auto"] = (256, 512, 512),
        fc_channels: int | None = 4096,
        fc6_kernel: int = 7,
        fc6_dilation: int = 1,
        scales: Sequence[float] | None = None,
        dropout_ratio: float = 0.5,
        geometry: str = "aligned",
        init_cfg: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(init_cfg or dict(type="Kaiming", layer="Conv2d"))
        widths = known(in_channels)
        scales = (1.0,) * len(widths) if scales is None else scales
        if len(scales) != len(widths):
            raise UserError("config-value", f"neck.scales {scales}: give one for each of in_channels {widths}")
        self.scales, self.dropout_ratio, self.fc_channels = tuple(scales), dropout_ratio, fc_channels
        self.fc6_padding = padding = fc6_dilation * (fc6_kernel // 2) if geometry == "aligned" else 0
        if fc_channels is not None:
            self.fc6 = nn.Conv2d(widths[-1], fc_channels, fc6_kernel, padding=padding, dilation=fc6_dilation)
            self.fc7 = nn.Conv2d(fc_channels, fc_channels, 1)

    @staticmethod
    def may_be_new(key: str) -> bool:
        """Return whether a file that training starts from may lack a tensor; the head has the same method for its tensors."""
        return False

    def forward(self, inputs: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """Compute fc7 from the last input; the skips pass through, scaled."""
        *skips, x = inputs
        if self.fc_channels is None:
            x = F.dropout(x, self.dropout_ratio, self.training)
        else:
            for layer, padding in ((self.fc6, self.fc6_padding), (self.fc7, 0)):
                x = F.dropout(F.relu(convolve(layer, x, padding), inplace=True), self.dropout_ratio, self.training)
        streams = (x, *reversed(skips))
        return tuple(s if scale == 1 else s * scale for s, scale in zip(streams, self.scales, strict=True))


def known(in_channels: Sequence[int] | Literal["auto"]) -> Sequence[int]:
    """Return the channels; UserError ``config-value`` for ``auto``, which only an FCN can replace."""
    if isinstance(in_channels, str):
        raise UserError("config-value", "neck.in_channels is 'auto': give numbers, or use the neck in model.type='FCN'")
    return in_channels


def convolve(layer: nn.Module, x: Tensor, padding: int) -> Tensor:
    """Call a convolution, in float32 on CPU if the map is smaller than its padding: fc6 on images of up to 64 px.

    oneDNN's bf16 gradient of such a kernel reads uninitialised memory, sometimes NaN (torch 2.15). Remove this when
    ``test_gradients_of_small_maps`` passes without it.
    """
    on_cpu = x.device.type == "cpu" and torch.is_autocast_enabled("cpu") and torch.is_grad_enabled()
    if on_cpu and min(x.shape[-2:]) < padding:  # compare sizes last, to keep them dynamic in an export
        with torch.autocast("cpu", enabled=False):
            return layer(x.float())
    return layer(x)
