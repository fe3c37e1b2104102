"""Run a net on ``meta`` tensors, which have shapes and no values: no memory, no change of state."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call
from torch.overrides import TorchFunctionMode


def output_shapes(modules: Sequence[nn.Module], size: int = 512, channels: int = 3) -> list[torch.Size] | None:
    """Return the shapes of a chain's outputs for an image of (size, size); None where it is too small."""
    try:
        return [output.shape for output in run_on_meta(modules, torch.empty(1, channels, size, size, device="meta"))]
    except (RuntimeError, AssertionError):  # torch's "output size is too small" has no class of its own
        return None


def run_on_meta(modules: Sequence[nn.Module], value: Tensor) -> Sequence[Tensor]:
    """Call modules in evaluation mode, one after the other, on a ``meta`` tensor; each takes what the one before returned."""
    with torch.no_grad(), _WithoutPointwise():
        for module in modules:
            state = chain(module.named_parameters(), module.named_buffers())
            meta = {name: torch.empty_like(tensor, device="meta") for name, tensor in state}
            with _evaluating(module):
                value = functional_call(module, meta, (value,))
    return [value] if isinstance(value, Tensor) else value


# torch computes these in Python on ``meta`` tensors, most of a run's time
_KEEP_SHAPES = {
    *(F.batch_norm, F.layer_norm, F.dropout, F.relu, F.relu6, F.leaky_relu, F.elu, F.gelu, F.silu, F.mish),
    *(F.hardswish, F.hardsigmoid, F.hardtanh, torch.relu, torch.relu_, torch.sigmoid, torch.tanh),
}


class _WithoutPointwise(TorchFunctionMode):
    """Leaves normalization, activations and dropout out: they change no shape, and every pixel stays where it is."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        return args[0] if args and func in _KEEP_SHAPES else func(*args, **(kwargs or {}))


@contextmanager
def _evaluating(module: nn.Module) -> Iterator[None]:
    """Put the modules that train into evaluation mode for a while: no dropped paths, no auxiliary outputs."""
    training = [part for part in module.modules() if part.training]
    for part in training:
        part.training = False
    try:
        yield
    finally:
        for part in training:
            part.training = True
