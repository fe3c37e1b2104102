"""Fold batch norm into the convolution before it, for inference: one pass over each feature map less."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.utils.fusion import fuse_conv_bn_eval
from torch.overrides import TorchFunctionMode


def fold_batch_norms(net: nn.Module, run: Callable[[], object]) -> int:
    """Fold every batch norm whose input is the output of a convolution that nothing else reads; return their number.

    Args:
        net: in evaluation mode; changed in place, and good for inference only.
        run: calls ``net`` on any image, to find which batch norm follows which convolution.
    """
    if not any(isinstance(layer, _BatchNorm) for layer in net.modules()):
        return 0
    pairs = _find_pairs(net, run)
    for norm, layer in pairs.items():
        folded = fuse_conv_bn_eval(layer, norm)
        layer.weight, layer.bias = folded.weight, folded.bias
    for parent in list(net.modules()):
        for name, child in parent.named_children():
            if child in pairs:  # timm's batch norms hold the activation that follows
                setattr(
                    parent,
                    name,
                    nn.Sequential(*(getattr(child, part) for part in ("drop", "act") if hasattr(child, part))),
                )
    return len(pairs)


def _find_pairs(net: nn.Module, run: Callable[[], object]) -> dict[_BatchNorm, nn.Conv2d]:
    """Return each batch norm that alone reads the output of a convolution, with that convolution."""
    written: dict[int, nn.Conv2d] = {}
    read: dict[_BatchNorm, int] = {}
    calls: Counter[nn.Module] = Counter()

    def note(layer: nn.Conv2d | _BatchNorm, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        calls[layer] += 1
        if isinstance(layer, _BatchNorm):
            read[layer] = id(inputs[0])
        else:
            written[id(output)] = layer

    layers = [layer for layer in net.modules() if isinstance(layer, (nn.Conv2d, _BatchNorm))]
    handles = [layer.register_forward_hook(note) for layer in layers]
    try:
        # the net with batch norms need not be compiled
        with torch.no_grad(), torch.compiler.set_stance("force_eager"), _Readers() as readers:
            run()
    finally:
        for handle in handles:
            handle.remove()
    return {
        norm: written[key]
        for norm, key in read.items()
        if key in written and norm.affine and norm.track_running_stats
        if readers.count[key] == calls[norm] == calls[written[key]] == 1
    }


class _Readers(TorchFunctionMode):
    """Counts, for each tensor, the calls that make a tensor from it."""

    def __init__(self) -> None:
        super().__init__()
        self.count: Counter[int] = Counter()
        self._alive: list[Tensor] = []  # so that no id occurs twice

    def __torch_function__(
        self, func: Callable[..., Any], types: object, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> object:
        result = func(*args, **(kwargs or {}))
        if isinstance(result, Tensor):
            tensors = [value for value in args if isinstance(value, Tensor)]
            self.count.update({id(value) for value in tensors})
            self._alive += tensors
        return result
