"""Run a net on ``meta`` tensors, which have shapes but no values, without memory and without changing its state."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call
from torch.overrides import TorchFunctionMode


def output_shapes(modules: Sequence[nn.Module], size: int = 512, channels: int = 3) -> list[torch.Size] | None:
    """Return the shapes of a module chain's outputs for an image of (size, size); None if it is too small."""
    try:
        return [output.shape for output in run_on_meta(modules, torch.empty(1, channels, size, size, device="meta"))]
    except (RuntimeError, AssertionError):  # torch's "output size is too small" has no class of its own
        return None


def run_on_meta(modules: Sequence[nn.Module], value: Tensor) -> Sequence[Tensor]:
    """Call modules in evaluation mode on a ``meta`` tensor, each on the output of the previous one."""
    with torch.no_grad(), _WithoutBatchNorm():
        for module in modules:
            state = chain(module.named_parameters(), module.named_buffers())
            meta = {name: torch.empty_like(tensor, device="meta") for name, tensor in state}
            with _evaluating(module):
                value = functional_call(module, meta, (value,))
    return [value] if isinstance(value, Tensor) else value


class _WithoutBatchNorm(TorchFunctionMode):
    """Skip batch norm, which changes no shape and takes half of the time on ``meta`` tensors."""

    def __torch_function__(
        self, func: Callable[..., Any], types: object, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        return args[0] if func is F.batch_norm else func(*args, **(kwargs or {}))


@contextmanager
def _evaluating(module: nn.Module) -> Iterator[None]:
    """Temporarily set evaluation mode, without dropped paths and auxiliary outputs."""
    training = [part for part in module.modules() if part.training]
    for part in training:
        part.training = False
    try:
        yield
    finally:
        for part in training:
            part.training = True
