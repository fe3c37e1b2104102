"""A convolution layer that takes Winograd's way where that is the faster one and only rounding differs."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..errors import UserError
from .eager_cpu import eager_on_cpu
from .winograd import TILE, winograd_conv2d

FULL = (torch.float32, torch.float64)  # transforms lose digits that lower precisions do not have
ALGORITHMS = ("auto", "winograd", "direct")
# below, transforms and the reading of 36 / 9 times the kernels cost more than the multiplications saved: docs/performance.md
LEAST_CHANNELS, LEAST_TILES = 128, 96


class WinogradConv2d(nn.Conv2d):
    """(N, C, H, W) -> (N, K, H, W) as ``nn.Conv2d``; parameters and checkpoints are the same.

    Args:
        args: of ``nn.Conv2d``.
        algorithm: ``auto`` chooses by :meth:`pays`; ``winograd`` wherever it can be done (3 x 3, stride 1, padding 1, on CPU and
            not in a lower precision); ``direct`` never.
        kwargs: of ``nn.Conv2d``.

    Raises:
        UserError: unknown algorithm.
    """

    def __init__(self, *args, algorithm: str = "auto", **kwargs) -> None:
        super().__init__(*args, **kwargs)
        if algorithm not in ALGORITHMS:
            raise UserError(f"algorithm {algorithm!r} is unknown: one of {', '.join(ALGORITHMS)}")
        self.algorithm = algorithm
        self.narrow_vectors = (
            torch.backends.cpu.get_cpu_capability() == "AVX2"
        )  # asked here: a compiler can't follow the question
        self.fits = (
            (self.kernel_size, self.stride, self.padding, self.dilation) == ((3, 3), (1, 1), (1, 1), (1, 1))
            and self.groups == 1
            and self.padding_mode == "zeros"
        )

    def forward(self, x: Tensor) -> Tensor:
        """The convolution; an exported net holds the plain one."""
        wanted = self.algorithm == "winograd" or (self.algorithm == "auto" and self.pays(x))
        if wanted and self.fits and x.dtype in FULL and eager_on_cpu(x, self.weight):
            return winograd_conv2d(x, self.weight, self.bias)
        return super().forward(x)

    def pays(self, x: Tensor) -> bool:
        """True where it was measured to be faster: float32 on x86 CPUs with AVX2 and no AVX-512, many channels and pixels.

        With wider vectors memory is the limit and the transforms' traffic eats the gain; GPU libraries choose for themselves.
        """
        if not self.narrow_vectors or x.dtype != torch.float32:
            return False
        n, _, height, width = x.shape
        tiles = n * -(-height // TILE) * -(-width // TILE)
        return min(self.in_channels, self.out_channels) >= LEAST_CHANNELS and tiles >= LEAST_TILES
