"""GoogLeNet up to inception5b, the backbone of FCN-GoogLeNet (Long et al., CVPR 2015, sec. 4.1, Table 1).

N batch, H x W image; maps of strides 8, 16 and 32. Layers of Szegedy et al., CVPR 2015, Table 1, made of torchvision's
blocks under torchvision's names. As in the FCN paper, there are no auxiliary classifiers and no last average pooling.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch.nn.functional as F
from mmengine.model import BaseModule
from mmseg.registry import MODELS
from torch import Tensor, nn
from torchvision.models.googlenet import BasicConv2d, Inception, InceptionAux
from torchvision.models.googlenet import GoogLeNet as Classifier

from .alexnet import CaffeLRN, check_options


class ConvReLU(nn.Module):
    """Convolution with bias, then ReLU, in place of torchvision's convolution with batch norm."""

    def __init__(self, in_channels: int, out_channels: int, **kwargs: Any) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, **kwargs)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.conv(x), inplace=True)


class CaffeInception(Inception):
    """Inception with the paper's 5x5 kernels; torchvision's are 3x3."""

    def __init__(self, *channels: int) -> None:
        super().__init__(*channels, conv_block=ConvReLU)
        reduced, out = channels[4:6]
        self.branch3[1] = ConvReLU(reduced, out, kernel_size=5, padding=2)


BLOCKS = {"torchvision": (BasicConv2d, Inception), "caffe": (ConvReLU, CaffeInception)}


@MODELS.register_module()
class GoogLeNet(BaseModule):
    """Image -> (inception3b, inception4e, inception5b) with 480, 832 and 1024 channels.

    Args:
        style: ``torchvision`` has batch norm, 3x3 kernels in the 5x5 branches and a fourth pool of 2x2; ``caffe`` (the
            BVLC GoogLeNet) has biases, the paper's 5x5 kernels and 3x3 pool, and local response normalisation before
            conv2 and after conv3. The names of the convolutions are the same in both.
        out_indices: maps to return: 0 inception3b (stride 8), 1 inception4e (stride 16), 2 inception5b (stride 32).
        init_cfg: initialisation of the convolutions; Kaiming by default.

    Raises:
        UserError: ``config-value`` for an unknown style or output index.
    """

    def __init__(
        self,
        style: str = "torchvision",
        out_indices: Sequence[int] = (0, 1, 2),
        init_cfg: dict[str, Any] | list[Any] | None = None,
    ) -> None:
        super().__init__(init_cfg or dict(type="Kaiming", layer="Conv2d"))
        self.out_indices = check_options(style, BLOCKS, out_indices)
        # init_weights=False: torchvision's own initialisation is slow, and init_cfg replaces it
        classifier = Classifier(1, aux_logits=False, init_weights=False, blocks=[*BLOCKS[style], InceptionAux])
        for name, layer in classifier.named_children():
            if name not in ("avgpool", "dropout", "fc"):
                self.add_module(name, layer)
        if style == "caffe":
            self.maxpool4 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        norm = CaffeLRN if style == "caffe" else nn.Identity
        self.norm1, self.norm2 = norm(), norm()

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Return the maps of ``out_indices`` of images (N, 3, H, W), shallow to deep."""
        x = self.norm1(self.maxpool1(self.conv1(x)))
        x = self.maxpool2(self.norm2(self.conv3(self.conv2(x))))
        inception3b = self.inception3b(self.inception3a(x))
        x = self.inception4b(self.inception4a(self.maxpool3(inception3b)))
        inception4e = self.inception4e(self.inception4d(self.inception4c(x)))
        maps = (inception3b, inception4e, self.inception5b(self.inception5a(self.maxpool4(inception4e))))
        return tuple(maps[i] for i in self.out_indices)
