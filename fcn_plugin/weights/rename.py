"""Read a weight file, and bring names and shapes to ours: fully connected layers become convolutions (CVPR 2015, sec. 3.1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from ..checkpoints.read import file_kind, read_checkpoint, require_checkpoint, require_finite
from ..errors import UserError
from .caffe import read_caffemodel
from .formats import WeightFormat, recognise
from .links import fetch
from .preprocessing import RECORD

SCALE = "decode_head.scale_"  # a Scale layer of the at-once nets; our nets keep its factor in the config


@dataclass
class Renamed:
    """A source in our names.

    Attributes:
        tensors: by our names, in our shapes.
        origin: our name -> shape and name in the source.
        how: our name -> the line of the report for a tensor that is taken.
        lines: report on what has no place in any FCN.
        scales: factor of each scaled skip (``pool4`` -> 0.01), from files of the at-once nets.
        from_caffe: the file is a ``.caffemodel``, so no scale is missing from it.
    """

    tensors: dict[str, Tensor] = field(default_factory=dict)
    origin: dict[str, str] = field(default_factory=dict)
    how: dict[str, str] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    scales: dict[str, float] = field(default_factory=dict)
    from_caffe: bool = False


def read_renamed(source: str, preprocessing: Tensor | None = None) -> tuple[Renamed, WeightFormat]:
    """Read, recognise and rename a source.

    Args:
        source: file of any known kind, ``https://`` link or ``torchvision://NAME``.
        preprocessing: record of what the weights expect of an image, where the file's names mislead.

    Raises:
        UserError: it can't be read; ``checkpoint-nan``; ``weights-format``: of no known format, or unlike any FCN.
    """
    path = fetch(source) if "://" in source else source
    state = read_state_dict(path)
    require_finite(state, source)
    form = recognise(state, source)
    if preprocessing is not None:
        form = replace(form, preprocessing=preprocessing)
    return replace(rename(state, form, source), from_caffe=file_kind(path) == "caffemodel"), form


def read_state_dict(path: str) -> dict[str, Tensor]:
    """Read name -> tensor from a file of any known kind.

    Raises:
        UserError: it can't be read; ``weights-format``: it holds no tensors by name.
    """
    require_checkpoint(path)
    if file_kind(path) == "caffemodel":
        return read_caffemodel(path)
    content = read_checkpoint(path)
    # torchfcn's training checkpoints say model_state_dict
    state = content.get("state_dict", content.get("model_state_dict", content))
    if not isinstance(state, Mapping):
        raise UserError(
            "weights-format", f"{path} holds a {type(state).__name__} in place of weights: give another file"
        )
    return {str(name).removeprefix("module."): tensor for name, tensor in state.items() if isinstance(tensor, Tensor)}


def rename(state: Mapping[str, Tensor], form: WeightFormat, source: str) -> Renamed:
    """Sort every tensor of a source.

    Raises:
        UserError: ``weights-format``: a matrix that is no kernel of the format's size, a scale that is not one number, two
            tensors for one place.
    """
    result = Renamed()
    for key, tensor in state.items():
        if key == RECORD:
            continue  # part of the format
        layer, _, kind = key.rpartition(".")
        target = form.target(layer)
        shape = tuple(tensor.shape)
        is_scale = target is not None and target.startswith(SCALE)
        if target is None or (is_scale and kind not in ("weight", "bias")):
            why = "an FCN has no use for it" if layer in form.unused else "unknown"
            result.lines.append(f"dropped {shape} {key}: {why}")
            continue
        if is_scale:
            _note_scale(result, target.removeprefix(SCALE), key, tensor, source)
            continue
        ours = f"{target}.{kind}"
        if ours in result.tensors:
            both = f"{result.origin[ours]} and {shape} {key}"
            raise UserError("weights-format", f"{source}: {both} are both for {ours}: remove one of them")
        tensor = _as_kernel(tensor, ours, form, key, source)
        how = "copied" if tuple(tensor.shape) == shape else f"reshaped {shape} ->"
        # upsampling kernels are compared as they are stored, and cast when they are taken
        if tensor.dtype in (torch.float64, torch.float16, torch.bfloat16) and ".upscore" not in ours:
            how, tensor = f"{how} as float32", tensor.float()
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
            "weights-format",
            f"{source}: {key} has shape {tuple(tensor.shape)}, and {tensor.shape[1]} inputs are no {side} x {side} windows: it "
            f"is not the fully connected layer of {form.name}",
        )
    return tensor.reshape(tensor.shape[0], -1, side, side)


def _note_scale(result: Renamed, stream: str, key: str, tensor: Tensor, source: str) -> None:
    """Take a Scale layer's factor; its bias, if it has one, must be 0."""
    shape, values = tuple(tensor.shape), tensor.flatten()
    if not len(values) or (values != values[0]).any():
        raise UserError("weights-format", f"{source}: {key} of shape {shape} is not one number for the whole stream")
    number = values[0].item()
    if key.endswith(".weight"):
        result.scales[stream] = number
    elif number:
        raise UserError("weights-format", f"{source}: {key} adds {number:.6g} to the whole stream, which no FCN does")
    else:
        result.lines.append(f"dropped {shape} {key}: it adds nothing")
