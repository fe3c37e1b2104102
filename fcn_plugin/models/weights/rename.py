"""From a file's names and shapes to ours: fully connected layers become convolutions (CVPR 2015, sec. 3.1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from ...errors import UserError
from ..preprocessing import RECORD
from .formats import WeightFormat


@dataclass
class Renamed:
    """A source in our names.

    Attributes:
        tensors: by our names, in our shapes.
        origin: our name -> shape and name in the source.
        how: our name -> the line of the report for a tensor that is taken.
        lines: report on what has no place in any FCN.
        scales: factor of each scaled skip (``pool4`` -> 0.01), from files of the at-once nets.
    """

    tensors: dict[str, Tensor] = field(default_factory=dict)
    origin: dict[str, str] = field(default_factory=dict)
    how: dict[str, str] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    scales: dict[str, float] = field(default_factory=dict)


def rename(state: Mapping[str, Tensor], form: WeightFormat, source: str) -> Renamed:
    """Sort every tensor of a source.

    Raises:
        UserError: a fully connected layer's matrix that is no kernel of the format's size, or a scale that is no one number.
    """
    result = Renamed()
    for key, tensor in state.items():
        if key == RECORD:
            continue  # compared by itself
        layer, _, kind = key.rpartition(".")
        target = form.target(layer)
        shape = tuple(tensor.shape)
        if target is None:
            why = "an FCN has no use for it" if layer in form.unused else "unknown"
            result.lines.append(f"dropped {shape} {key}: {why}")
            continue
        if target.startswith("decode_head.scale_"):
            result.scales[target.removeprefix("decode_head.scale_")] = _scale(key, tensor, source)
            continue
        ours = f"{target}.{kind}"
        kernel = _as_kernel(tensor, ours, form, key, source)
        how = "copied" if tuple(kernel.shape) == shape else f"reshaped {shape} ->"
        if kernel.dtype.is_floating_point and kernel.dtype != torch.float32:
            how, kernel = f"{how} as float32", kernel.float()
        tensor = kernel
        result.tensors[ours] = tensor
        result.origin[ours] = f"{shape} {key}"
        result.how[ours] = f"{how} {tuple(tensor.shape)} {key} -> {ours}"
    return result


def _as_kernel(tensor: Tensor, ours: str, form: WeightFormat, key: str, source: str) -> Tensor:
    """(out, in * k * k) -> (out, in, k, k) for fc6, (out, in) -> (out, in, 1, 1) for fc7."""
    if tensor.dim() != 2 or not ours.startswith("neck.fc"):
        return tensor
    side = form.fc6_kernel if ours.startswith("neck.fc6.") else 1
    if tensor.shape[1] % side**2:
        raise UserError(
            f"{source}: {key} has shape {tuple(tensor.shape)}, and {tensor.shape[1]} inputs are no {side} x {side} windows: "
            f"it is not the fully connected layer of {form.name}"
        )
    return tensor.reshape(tensor.shape[0], -1, side, side)


def _scale(key: str, tensor: Tensor, source: str) -> float:
    if tensor.numel() == 0 or (tensor != tensor.flatten()[0]).any():
        raise UserError(f"{source}: {key} of shape {tuple(tensor.shape)} is not one factor for the whole stream")
    return tensor.flatten()[0].item()
