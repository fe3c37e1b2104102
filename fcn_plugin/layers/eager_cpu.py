"""Where layers may compute in a way of their own: on a CPU, in one float type, for nobody who writes the operations down."""

from __future__ import annotations

import torch
from torch import Tensor


def eager_on_cpu(x: Tensor, weight: Tensor) -> bool:
    """False on other devices, under autocast, for mixed types, and while a net is exported or traced."""
    return (
        x.device.type == "cpu"
        and x.dtype == weight.dtype
        and not torch.is_autocast_enabled("cpu")
        and not torch.compiler.is_exporting()
        and not torch.jit.is_tracing()
    )
