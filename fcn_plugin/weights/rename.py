"""Read a weight file, and convert names and shapes to ours: fully connected layers become convolutions (CVPR 2015, sec. 3.1)."""

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
    """A source under our names."""

    source: str  # file or link, for messages
    form: WeightFormat
    from_caffe: bool = False  # from a .caffemodel, which has all scales
    tensors: dict[str, Tensor] = field(default_factory=dict)  # by our names, in our shapes
    origin: dict[str, str] = field(default_factory=dict)  # our name -> shape and name in the source
    how: dict[str, str] = field(default_factory=dict)  # our name -> line of the report if the tensor is taken
    lines: list[str] = field(default_factory=list)  # report on tensors that no FCN has
    scales: dict[str, float] = field(default_factory=dict)  # scaled skip of an at-once net -> factor: pool4 -> 0.01

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
            self._refuse(f"{self.origin[ours]} and {shape} {key} both become {ours}: remove one of them")
        else:
            tensor = self._as_kernel(tensor, ours, key)
            how = "copied" if tuple(tensor.shape) == shape else f"reshaped {shape} ->"
            # upsampling kernels are compared as stored, and cast when taken
            if tensor.dtype in (torch.float64, torch.float16, torch.bfloat16) and ".upscore" not in ours:
                how, tensor = f"{how} as float32", tensor.float()
            self.tensors[ours], self.origin[ours] = tensor, f"{shape} {key}"
            self.how[ours] = f"{how} {tuple(tensor.shape)} {key} -> {ours}"

    def _as_kernel(self, tensor: Tensor, ours: str, key: str) -> Tensor:
        """Reshape (out, in * k * k) to (out, in, k, k) for fc6, (out, in) to (out, in, 1, 1) for fc7."""
        if tensor.dim() != 2 or not ours.startswith("neck.fc"):
            return tensor
        side, inputs = self.form.fc6_kernel if ours.startswith("neck.fc6.") else 1, tensor.shape[1]
        if not tensor.numel() or inputs % side**2:
            windows = f"{key} has shape {tuple(tensor.shape)}, but {inputs} inputs are not {side} x {side} windows"
            self._refuse(f"{windows}: it is not the fully connected layer of {self.form.name}")
        return tensor.reshape(len(tensor), -1, side, side)

    def _note_scale(self, stream: str, key: str, tensor: Tensor) -> None:
        """Note a Scale layer's factor; its bias, if any, must be 0."""
        shape, values = tuple(tensor.shape), tensor.flatten()
        if not len(values) or (values != values[0]).any():
            self._refuse(f"{key} of shape {shape} is not a single number for the whole stream")
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
        preprocessing: record of the expected images, if the file's names mislead.
        more: formats in addition to the known ones.

    Raises:
        UserError: if it can't be read; ``checkpoint-nan``; ``weights-format`` if the format is unknown or not like any FCN.
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
    # torchfcn's training checkpoints use model_state_dict
    return tensors_by_name(content.get("state_dict", content.get("model_state_dict", content)))


def rename(state: Mapping[str, Tensor], form: WeightFormat, source: str, from_caffe: bool = False) -> Renamed:
    """Sort every tensor of a source; UserError ``weights-format`` for a wrong matrix or scale, and for two tensors of one name."""
    renamed = Renamed(source, form, from_caffe)
    for key in [key for key in state if key != RECORD]:  # the record of preprocessing is part of the format
        renamed.place(key, state[key])
    return renamed
