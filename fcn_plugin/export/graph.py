"""The graph to export: image of any size to map of the same size, without autocast and machine-dependent fast paths.

N batch, C classes, H x W any size from 1 x 1.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property

import torch
import torch.fx.experimental._config as shapes_config
import torch.nn.functional as F
from torch import Tensor, nn

from ..models.fcn import FCN
from ..weights.preprocessing import takes_bands

OUTPUTS = ("labels", "probabilities", "logits")
EXAMPLE = (2, 97, 131)  # N, H, W of the traced input; odd sides avoid special cases


class ExportGraph(nn.Module):
    """Map images to ``labels`` (N, H, W) uint8 (int32 beyond 256 classes), ``probabilities`` or ``logits`` (N, C, H, W) float32.

    With a sigmoid on one channel, logits are (N, 1, H, W) and probabilities those of both classes. Multi-label maps are
    (N, C, H, W), 0 or 1.

    Args:
        net: the net; a copy of it computes in float32 on every machine.
        output: one of :data:`OUTPUTS`.
        with_preprocessing: take images (N, H, W, 3) uint8 RGB, or (N, H, W, B) float32 for a net of B bands; by default
            preprocessed images (N, 3 or B, H, W) float32.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, net: FCN, output: str = "labels", with_preprocessing: bool = False) -> None:
        super().__init__()
        self.output, self.with_preprocessing = output, with_preprocessing
        self.net = _plain_copy(net)
        order, mean, std = self.net.preprocessing
        self.order = [int(channel) for channel in order]  # indices into R, G, B
        self.takes_bands = takes_bands(net.data_preprocessor)  # in the file's order
        self.register_buffer("mean", mean[:, None, None].clone(), persistent=False)
        self.register_buffer("std", std[:, None, None].clone(), persistent=False)
        self.label_dtype = torch.uint8 if net.num_classes <= 256 else torch.int32
        self.eval()

    def forward(self, image: Tensor) -> Tensor:
        """Compute the output of the net for a batch of images."""
        if self.with_preprocessing:
            image = image.permute(0, 3, 1, 2).float()
            image = image if self.takes_bands else image[:, self.order]
            image = (image - self.mean) / self.std
        logits = self.net.decode_head(self.net.extract_feat(image))
        decision = self.net.decision
        if self.output == "labels":
            labels = logits.argmax(1) if decision.threshold is None else decision.labels(logits)
            return labels.to(self.label_dtype)
        return decision.probabilities(logits) if self.output == "probabilities" else logits

    def example(self) -> Tensor:
        """Return a random input for the graph."""
        n, height, width, channels = *EXAMPLE, len(self.order)
        random = torch.Generator().manual_seed(0)
        if self.with_preprocessing:
            pixels = torch.randint(0, 256, (n, height, width, channels), dtype=torch.uint8, generator=random)
            return pixels.float() if self.takes_bands else pixels
        return torch.randn(n, channels, height, width, generator=random)

    @cached_property
    def program(self) -> torch.export.ExportedProgram:
        """The graph captured by ``torch.export``, with dynamic batch size, height and width."""
        opened = (0, 1, 2) if self.with_preprocessing else (0, 2, 3)
        dims = dict.fromkeys(opened, torch.export.Dim.DYNAMIC)  # torch can't prove the final crop for named dimensions
        sizes_of_1 = shapes_config.patch(backed_size_oblivious=True)  # type: ignore[attr-defined]  # torch adds it later
        with quiet(), sizes_of_1:
            return torch.export.export(self, (self.example(),), dynamic_shapes={"image": dims})


class _PaddedConv2d(nn.Module):
    """A convolution with TensorFlow's padding, for maps whose sides are multiples of its stride (``aligned`` geometry).

    The padding is then independent of the size: ``(k - 1) * d + 1 - s`` pixels, with the odd one at the right and bottom.
    """

    def __init__(self, conv: nn.Conv2d) -> None:
        super().__init__()
        self.conv = _as_plain(conv)
        sides = zip(conv.kernel_size, conv.stride, conv.dilation, strict=True)
        high, wide = (max(0, (kernel - 1) * dilation + 1 - stride) for kernel, stride, dilation in sides)
        self.border = (wide // 2, wide - wide // 2, high // 2, high - high // 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(F.pad(x, self.border))


def _plain_copy(net: FCN) -> FCN:
    net = copy.deepcopy(net).cpu().float().eval().requires_grad_(False)
    net.precision, net.memory_format = "fp32", torch.contiguous_format
    for parent in list(net.modules()):
        for name, layer in list(parent.named_children()):
            if type(layer).__name__ == "Conv2dSame":  # timm's
                setattr(parent, name, _PaddedConv2d(layer))
            elif isinstance(layer, nn.Conv2d):
                _as_plain(layer)
    for tensor in net.parameters():
        tensor.data = tensor.data.contiguous()
    return net


def _as_plain(conv: nn.Conv2d) -> nn.Conv2d:
    """Turn a convolution with CPU fast paths or timm's padding into a plain one, in place; leave other classes unchanged."""
    if type(conv).__name__ in ("Conv2dSame", "RowConv2d", "WinogradConv2d"):
        conv.__class__ = nn.Conv2d
    return conv


@contextmanager
def quiet() -> Iterator[None]:
    """Disable gradients and the exporters' warnings, which the comparison with the net makes redundant."""
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
