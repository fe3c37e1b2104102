"""The authors' VGG16 net as ports of it run: the 100 px border, dense class-to-class upsampling, float32, N, C, H, W in memory.

The measure of all ratios. Long et al., CVPR 2015; the published net definitions. N batch, C classes, H x W image.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fcn_plugin.errors import UserError
from fcn_plugin.models.fcn import FCN

DEPTHS = (2, 2, 3, 3, 3)  # convolutions before each pooling
BORDER = 100


class PlainFCN(nn.Module):
    """(N, 3, H, W) -> logits (N, C, H, W).

    Args:
        net: an ``FCN`` on VGG16 in ``reference`` geometry; its weights are copied, its crop offsets taken over.

    Raises:
        UserError: another backbone, batch norm, or another geometry.
    """

    def __init__(self, net: FCN) -> None:
        super().__init__()
        convs = [layer for layer in net.backbone.modules() if isinstance(layer, nn.Conv2d)]
        normed = any(isinstance(layer, nn.BatchNorm2d) for layer in net.backbone.modules())
        if net.geometry != "reference" or len(convs) != sum(DEPTHS) or normed:
            wanted = "the plain net is VGG16 without batch norm in the authors' geometry"
            raise UserError("geometry", f"{wanted}: give a config such as fcn8s_vgg16_voc")
        head = net.decode_head
        self.streams, self.crops, self.scales = head.streams, head.crops, net.neck.scales
        self.convs = nn.ModuleList(_plain(conv) for conv in convs)
        self.convs[0].padding = (BORDER, BORDER)
        self.fc6, self.fc7 = _plain(net.neck.fc6), _plain(net.neck.fc7)
        self.dropout = net.neck.dropout_ratio
        self.scores = nn.ModuleList(_plain(getattr(head, f"score_{name}")) for name in self.streams)
        self.upscores = nn.ModuleList(_dense(getattr(head, name)) for name in head.factors)

    def forward(self, x: Tensor) -> Tensor:
        size = x.shape[-2:]
        convs, pools = iter(self.convs), []
        for depth in DEPTHS:
            for _ in range(depth):
                x = F.relu(next(convs)(x))
            x = F.max_pool2d(x, 2, 2, ceil_mode=True)
            pools.append(x)
        for fc in (self.fc6, self.fc7):
            x = F.dropout(F.relu(fc(x)), self.dropout, self.training)
        fused = self.scores[0](x * self.scales[0])
        skips = zip(self.streams[1:], pools[-2::-1], self.scores[1:], self.scales[1:], strict=False)
        for (name, pool, score, scale), upscore in zip(skips, self.upscores, strict=False):
            fused = upscore(fused)
            fused = fused + _crop(score(pool * scale), self.crops[name], fused.shape[-2:])
        return _crop(self.upscores[-1](fused), self.crops["score"], size)


def _crop(x: Tensor, offset: int, size: torch.Size) -> Tensor:
    return x[..., offset : offset + size[0], offset : offset + size[1]].contiguous()


def _plain(conv: nn.Conv2d) -> nn.Conv2d:
    plain = nn.Conv2d(conv.in_channels, conv.out_channels, conv.kernel_size, conv.stride, conv.padding, conv.dilation)
    _copy(conv, plain)
    return plain


def _dense(upscore: nn.ConvTranspose2d) -> nn.ConvTranspose2d:
    """A kernel for every pair of classes; those of different classes are zero."""
    channels = upscore.in_channels
    plain = nn.ConvTranspose2d(channels, channels, upscore.kernel_size, upscore.stride, bias=False)
    with torch.no_grad():
        plain.weight.zero_()
        for c in range(channels):
            plain.weight[c, c] = upscore.weight[c, 0 if upscore.groups > 1 else c]
    plain.weight.requires_grad_(False)  # learning rate 0 in the authors' solvers
    return plain


def _copy(source: nn.Module, target: nn.Module) -> None:
    with torch.no_grad():
        for name, parameter in target.named_parameters():
            parameter.copy_(getattr(source, name).contiguous())
