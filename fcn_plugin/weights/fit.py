"""Match renamed weights with a net: all or nothing, and a line for every tensor on both sides."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from ..errors import UserError, abbreviate
from .formats import WeightFormat
from .kernels import can_subsample, dense, is_bilinear, per_class, subsample
from .preprocessing import RECORD, require_same
from .rename import Renamed

FC_STARTS = ("copy", "subsample", "random")
FC_HINT = (
    ". fc6 and fc7 must come from the file: set model.fc='random' to train them from scratch, or 'subsample' to take evenly "
    "spaced channels and taps of the file's for narrower layers"
)


class Fitted(NamedTuple):
    """Tensors under the net's names and shapes, and the report."""

    tensors: dict[str, Tensor]
    lines: list[str]


def fit(
    model: nn.Module, renamed: Renamed, form: WeightFormat, source: str, fc: str = "copy", trained: bool = False
) -> Fitted:
    """Decide for every tensor of the source and of the net.

    Args:
        model: an FCN; not changed. Its head declares which tensors may be new, and which are upsampling kernels.
        renamed: the source in our names.
        form: its format, which says what the weights expect of an image.
        source: file or link, for messages.
        fc: ``copy``, ``subsample`` or ``random``, for fc6 and fc7.
        trained: the source is a trained FCN: its score layers must fit as well, and none may be missing.

    Returns:
        What to load.

    Raises:
        UserError: ``weights-preprocessing``: made for other images; ``weights-fit``: names what is missing, left over, or of
            another shape.
    """
    try:
        require_same(form.preprocessing, model.preprocessing)
    except UserError as error:
        hint = "; if the file's names mislead, import it with its --images first"
        raise UserError(error.code, f"{source} ({form.name}): {error.message}{hint}") from None
    plan = _Plan(model, renamed.tensors, fc, trained)
    for name, tensor in renamed.tensors.items():
        plan.place(name, tensor, renamed.origin[name], renamed.how[name])
    plan.compare_scales(renamed.scales, renamed.from_caffe)
    plan.account_for_the_rest()
    if plan.problems:
        hint = FC_HINT if any(name.startswith("neck.fc") for name in plan.problems) else ""
        problems = abbreviate([*plan.problems.values()], 6, "; ")
        raise UserError("weights-fit", f"{source} ({form.name}) does not fit this net: {problems}{hint}")
    return Fitted(plan.taken, [*plan.lines, *renamed.lines])


class _Plan:
    """What is decided so far: tensors taken, lines of the report, and problems by name of the tensor."""

    def __init__(self, model: nn.Module, source: dict[str, Tensor], fc: str, trained: bool) -> None:
        self.head, self.neck, self.fc, self.trained = model.decode_head, model.neck, fc, trained
        self.net = {name: t for name, t in model.state_dict().items() if name != RECORD}
        # a layer is taken whole or not at all
        self.misfits = {_layer(n) for n, t in source.items() if n in self.net and self.net[n].shape != t.shape}
        self.taken: dict[str, Tensor] = {}
        self.lines: list[str] = []
        self.problems: dict[str, str] = {}

    def place(self, name: str, tensor: Tensor, origin: str, how: str) -> None:
        """Take one tensor of the source, drop it with a line, or name the problem."""
        own = tuple(self.net[name].shape) if name in self.net else None
        same = own == tuple(tensor.shape)
        is_fc, is_head = name.startswith("neck.fc"), name.startswith("decode_head.")
        if self.head.is_upsampling(name):
            self._place_kernel(name, tensor, origin, how)
        elif is_fc and not self.trained and self.fc == "random":
            self.lines.append(f"dropped {origin}: fc='random'")
        elif is_fc and not self.trained and self.neck.fc_channels is None:
            self.lines.append(f"dropped {origin}: the net has no fc6 and fc7")
        elif same and not (is_head and _layer(name) in self.misfits):
            self._take(name, tensor, how)
        elif is_fc and self.fc == "subsample" and can_subsample(tensor, own):
            self._take(name, subsample(tensor, own), f"subsampled to {own}, {how}")
        elif is_head and not self.trained:
            reason = "no such layer in this net" if own is None else f"the net needs {own}"
            self.lines.append(f"dropped {origin}: {'the rest of its layer does not fit' if same else reason}")
        else:
            reason = f"the net needs {own}" if own else "the net has no such layer, choose the config of that net"
            self.problems[name] = f"{origin} -> {name}: {reason}"

    def _take(self, name: str, tensor: Tensor, line: str) -> None:
        self.taken[name] = tensor
        self.lines.append(line)

    def _place_kernel(self, name: str, tensor: Tensor, origin: str, how: str) -> None:
        layer = getattr(self.head, name.split(".")[1], None)
        kernel = per_class(tensor)
        c, k = (layer.in_channels, layer.kernel_size[0]) if layer is not None else (0, 0)
        if tuple(tensor.shape) not in ((c, c, k, k), (c, 1, k, k)):
            if not self.trained and is_bilinear(tensor):
                self.lines.append(f"dropped {origin}: bilinear kernels of another upsampling")
            else:
                self.problems[name] = f"{origin}: the net upsamples otherwise, choose the config of that net"
        elif not layer.learnable and is_bilinear(tensor):
            self.lines.append(f"checked {origin}: the bilinear kernels that the net has")
        elif layer.learnable and (layer.groups == 1 or kernel is not None):
            fitting = kernel if layer.groups > 1 else dense(tensor) if tensor.shape[1] == 1 else tensor
            if fitting.shape != tensor.shape:
                key = origin.partition(") ")[2]
                how = f"reshaped {tuple(tensor.shape)} -> {tuple(fitting.shape)} {key} -> {name}"
            self._take(name, fitting.float(), how)
        else:
            need = "learnable" if kernel is not None else "dense"
            self.problems[name] = f"{origin}: learned kernels, set model.decode_head.upsample=dict({need}=True)"

    def compare_scales(self, scales: dict[str, float], complete: bool) -> None:
        """Compare the at-once nets' factors of their skips with those of the config; a complete source lacks none."""
        own = dict(zip(self.head.streams, self.neck.scales, strict=False))
        for name, scale in scales.items():
            if name in own and abs(own[name] - scale) <= 5e-4 * abs(scale):
                self.lines.append(f"checked scale_{name}: {scale:.6g} as in neck.scales")
            else:
                reason = f"scale_{name} is {scale:.6g}, the net's neck.scales has {own.get(name)}"
                self.problems[f"scale_{name}"] = reason
        for name in (name for name, scale in own.items() if scale != 1 and name not in scales and self.trained):
            if complete:
                self.problems[f"scale_{name}"] = f"no scale_{name}, the net's neck.scales has {own[name]}"
            else:  # torchfcn keeps its factors in code
                self.lines.append(f"unchecked scale_{name}: the file has none, the net's neck.scales has {own[name]}")

    def account_for_the_rest(self) -> None:
        """Name the tensors of the net that nothing was found for."""
        for name, tensor in self.net.items():
            if name in self.taken or name in self.problems:
                continue
            shape = tuple(tensor.shape)
            is_new = self.head.may_be_new(name) or (name.startswith("neck.fc") and self.fc == "random")
            if name.endswith("num_batches_tracked"):  # old files do not count batches
                self._take(name, torch.zeros(shape, dtype=torch.long), f"newly initialised {shape} {name}")
            elif is_new and not self.trained:
                self.lines.append(f"newly initialised {shape} {name}")
            else:
                self.problems[name] = f"nothing for {name} {shape}"


def _layer(name: str) -> str:
    return name.rpartition(".")[0]
