"""What the machine itself reaches: the better of a large convolution and a large matrix product, in a data type."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
# large enough to be at the limit, small enough where the type is emulated: side of the product; channels, height, width
SIZES = {"cpu": (1024, (256, 48, 64)), "cuda": (8192, (512, 128, 128))}


def peak_work(dtype: str, device: str) -> list[tuple[float, Callable[[], object]]]:
    """(GFLOP, what does them), of which the fastest is the peak."""
    side, (channels, height, width) = SIZES[device]
    torch.manual_seed(0)
    kind = dict(dtype=DTYPES[dtype], device=device)
    a, b = torch.randn(side, side, **kind), torch.randn(side, side, **kind)
    x = torch.randn(1, channels, height, width, **kind).to(memory_format=torch.channels_last)
    weight = torch.randn(channels, channels, 3, 3, **kind).to(memory_format=torch.channels_last)

    def product() -> torch.Tensor:
        with torch.inference_mode():
            return a @ b

    def convolution() -> torch.Tensor:
        with torch.inference_mode():
            return F.conv2d(x, weight, padding=1)

    return [(2 * side**3 / 1e9, product), (2 * 9 * channels**2 * height * width / 1e9, convolution)]
