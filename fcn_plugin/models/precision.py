"""Names of precisions, and their meaning on a device."""

from __future__ import annotations

import platform
from typing import TypeVar

import torch
from torch import Tensor, nn

from ..errors import UserError

Net = TypeVar("Net", bound=nn.Module)
PRECISIONS = {"fp32": None, "bf16": torch.bfloat16, "fp16": torch.float16}


def resolve_precision(name: str, device: str) -> str:
    """Return ``fp32``, ``bf16`` or ``fp16``; ``auto`` is bf16 on devices that support it. UserError ``config-value`` for others."""
    if name == "auto":
        return "bf16" if _computes_bf16(device) else "fp32"
    if name not in PRECISIONS:
        raise UserError("config-value", f"unknown precision {name!r}: give one of {', '.join(PRECISIONS)}, auto")
    return name


def is_emulated(name: str, device: str) -> bool:
    """Return whether a precision is bf16 on an x86 CPU without instructions for it, several times slower than float32."""
    on_x86 = device == "cpu" and platform.machine() in ("x86_64", "AMD64")
    return name == "bf16" and on_x86 and not _computes_bf16("cpu")


def at_least_float32(x: Tensor) -> Tensor:
    """Cast to float32, for scores and losses; float64 stays, for a net after ``model.double()``."""
    return x if x.dtype == torch.float64 else x.float()


def cast_kernels(net: Net, name: str, device: str) -> Net:
    """Store the kernels of a net's convolutions in the precision that they compute in; return the net."""
    dtype = PRECISIONS[resolve_precision(name, device)]
    for layer in [layer for layer in net.modules() if dtype and isinstance(layer, nn.Conv2d)]:
        layer.to(dtype)
    return net


def _computes_bf16(device: str) -> bool:
    if device == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return device == "cpu" and torch.cpu._is_avx512_bf16_supported()
