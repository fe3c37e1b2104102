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

NORMS = (F.batch_norm, F.group_norm, F.layer_norm, F.local_response_norm)
ACTIVATIONS = (F.relu, F.relu6, F.hardtanh, F.leaky_relu, F.elu, F.gelu, F.silu, F.mish, F.hardswish, F.hardsigmoid)
KEEP_SHAPE = (
    *NORMS,
    *ACTIVATIONS,
    F.dropout,
    torch.relu,
    torch.sigmoid,
    torch.tanh,
    Tensor.relu,
    Tensor.sigmoid,
    Tensor.tanh,
)


def output_shapes(modules: Sequence[nn.Module], size: int = 512, channels: int = 3) -> list[torch.Size] | None:
    """Return the shapes of a module chain's outputs for an image of (size, size); None if it is too small."""
    try:
        return [output.shape for output in run_on_meta(modules, torch.empty(1, channels, size, size, device="meta"))]
    except (RuntimeError, AssertionError):  # torch's "output size is too small" has no class of its own
        return None


def run_on_meta(modules: Sequence[nn.Module], value: Tensor) -> Sequence[Tensor]:
    """Call modules in evaluation mode on a ``meta`` tensor, each on the output of the previous one."""
    with torch.no_grad(), _ShapesOnly():
        for module in modules:
            state = chain(module.named_parameters(), module.named_buffers())
            meta = {name: torch.empty_like(tensor, device="meta") for name, tensor in state}
            with _evaluating(module):
                value = functional_call(module, meta, (value,))
    return [value] if isinstance(value, Tensor) else value


class _ShapesOnly(TorchFunctionMode):
    """Skip functions that change no shape; on ``meta`` tensors they take most of the time."""

    def __torch_function__(
        self, func: Callable[..., Any], types: object, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        return args[0] if func in KEEP_SHAPE and args and _fits(func, *args) else func(*args, **(kwargs or {}))


def _fits(func: Callable[..., Any], value: Tensor, *sizes: Any) -> bool:
    """Return False for a norm of another number of channels or size of map, for which torch raises its error."""
    if func is F.batch_norm and sizes[0] is not None:
        return value.shape[1] == len(sizes[0])
    return func is not F.layer_norm or value.shape[-len(sizes[0]) :] == tuple(sizes[0])


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
