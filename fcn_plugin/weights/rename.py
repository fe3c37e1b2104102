"""Read a weight file, and bring names and shapes to ours: fully connected layers become convolutions (CVPR 2015, sec. 3.1)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from ..checkpoints.read import file_kind, read_checkpoint, require_checkpoint, require_finite, tensors_by_name
from ..errors import UserError
from .caffe import read_caffemodel
from .formats import WeightFormat, recognise
from .links import local_file
from .preprocessing import RECORD

SCALE = "decode_head.scale_"  # a Scale layer of the at-once nets; our nets keep its factor in the config


@dataclass
class Renamed:
    """A source in our names."""

    source: str  # file or link, for messages
    form: WeightFormat
    from_caffe: bool = False  # it is a .caffemodel, so no scale is missing from it
    tensors: dict[str, Tensor] = field(default_factory=dict)  # by our names, in our shapes
    origin: dict[str, str] = field(default_factory=dict)  # our name -> shape and name in the source
    how: dict[str, str] = field(default_factory=dict)  # our name -> the line of the report for a tensor that is taken
    lines: list[str] = field(default_factory=list)  # report on what has no place in any FCN
    scales: dict[str, float] = field(default_factory=dict)  # of each scaled skip of an at-once net: pool4 -> 0.01

    def place(self, key: str, tensor: Tensor) -> None:
        """Sort one tensor of the source."""
        layer, _, kind = key.rpartition(".")
        target, shape = self.form.target(layer) or "", tuple(tensor.shape)
        ours = f"{target}.{kind}"
        if not target or (target.startswith(SCALE) and kind not in ("weight", "bias")):
            why = "an FCN has no use for it" if layer in self.form.unused else "unknown"
            self.lines.append(f"dropped {shape} {key}: {why}")
        elif target.startswith(SCALE):
            self._note_scale(target.removeprefix(SCALE), key, tensor)
        elif ours in self.tensors:
            self._refuse(f"{self.origin[ours]} and {shape} {key} are both for {ours}: remove one of them")
        else:
            tensor = self._as_kernel(tensor, ours, key)
            how = "copied" if tuple(tensor.shape) == shape else f"reshaped {shape} ->"
            # upsampling kernels are compared as they are stored, and cast when they are taken
            if tensor.dtype in (torch.float64, torch.float16, torch.bfloat16) and ".upscore" not in ours:
                how, tensor = f"{how} as float32", tensor.float()
            self.tensors[ours], self.origin[ours] = tensor, f"{shape} {key}"
            self.how[ours] = f"{how} {tuple(tensor.shape)} {key} -> {ours}"

    def _as_kernel(self, tensor: Tensor, ours: str, key: str) -> Tensor:
        """(out, in * k * k) -> (out, in, k, k) for fc6, (out, in) -> (out, in, 1, 1) for fc7."""
        if tensor.dim() != 2 or not ours.startswith("neck.fc"):
            return tensor
        side, inputs = self.form.fc6_kernel if ours.startswith("neck.fc6.") else 1, tensor.shape[1]
        if not tensor.numel() or inputs % side**2:
            windows = f"{key} has shape {tuple(tensor.shape)}, and {inputs} inputs are no {side} x {side} windows"
            self._refuse(f"{windows}: it is not the fully connected layer of {self.form.name}")
        return tensor.reshape(len(tensor), -1, side, side)

    def _note_scale(self, stream: str, key: str, tensor: Tensor) -> None:
        """Take a Scale layer's factor; its bias, if it has one, must be 0."""
        shape, values = tuple(tensor.shape), tensor.flatten()
        if not len(values) or (values != values[0]).any():
            self._refuse(f"{key} of shape {shape} is not one number for the whole stream")
        elif key.endswith(".weight"):
            self.scales[stream] = values[0].item()
        elif values[0]:
            self._refuse(f"{key} adds {values[0].item():.6g} to the whole stream, which no FCN does")
        else:
            self.lines.append(f"dropped {shape} {key}: it adds nothing")

    def _refuse(self, reason: str) -> None:
        raise UserError("weights-format", f"{self.source}: {reason}")


def read_renamed(source: str, preprocessing: Tensor | None = None, more: Iterable[WeightFormat] = ()) -> Renamed:
    """Read, recognise and rename a source.

    Args:
        source: file of any known kind, ``https://`` link, ``torchvision://NAME`` or ``package://NAME``.
        preprocessing: record of what the weights expect of an image, where the file's names mislead.
        more: formats beside the known ones.

    Raises:
        UserError: it can't be read; ``checkpoint-nan``; ``weights-format``: of no known format, or unlike any FCN.
    """
    with local_file(source) as path:
        state, from_caffe = read_state_dict(path), file_kind(path) == "caffemodel"
    require_finite(state, source)
    form = recognise(state, source, more)
    form = form if preprocessing is None else replace(form, preprocessing=preprocessing)
    return rename(state, form, source, from_caffe)


def read_state_dict(path: str) -> dict[str, Tensor]:
    """Read name -> tensor from a file of any known kind."""
    require_checkpoint(path)
    if file_kind(path) == "caffemodel":
        return read_caffemodel(path)
    content = read_checkpoint(path)
    # torchfcn's training checkpoints say model_state_dict
    return tensors_by_name(content.get("state_dict", content.get("model_state_dict", content)))


def rename(state: Mapping[str, Tensor], form: WeightFormat, source: str, from_caffe: bool = False) -> Renamed:
    """Sort every tensor of a source; ``weights-format`` for a wrong matrix or scale, and for two tensors for one place."""
    renamed = Renamed(source, form, from_caffe)
    for key in [key for key in state if key != RECORD]:  # the record of preprocessing is part of the format
        renamed.place(key, state[key])
    return renamed
