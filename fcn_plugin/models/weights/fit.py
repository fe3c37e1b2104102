"""Match renamed weights with a net: all or nothing, and a line for every tensor on both sides."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from ...errors import UserError
from ..preprocessing import RECORD, require_same
from .formats import WeightFormat
from .kernels import is_bilinear, per_class
from .rename import Renamed
from .subsample import subsample

FC_STARTS = ("copy", "subsample", "random")
FC_HINT = (
    "fc6 and fc7 must come from the file: set model.fc='random' to train them from scratch, or 'subsample' to take "
    "evenly spaced channels and taps of the file's for narrower layers"
)


@dataclass
class Fitted:
    """Tensors under the net's names and shapes, and the report."""

    tensors: dict[str, Tensor] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)


def fit(
    model: nn.Module, renamed: Renamed, form: WeightFormat, source: str, fc: str = "copy", whole: bool = False
) -> Fitted:
    """Decide for every tensor of the source and of the net.

    Args:
        model: an FCN; not changed.
        renamed: the source in our names.
        form: its format, which says what the weights expect of an image.
        source: file or link, for messages.
        fc: ``copy``, ``subsample`` or ``random``, for fc6 and fc7.
        whole: the source is a trained FCN: its score layers must fit as well, and none may be missing.

    Returns:
        What to load.

    Raises:
        UserError: names what is missing, left over, of another shape, or made for other images.
    """
    try:
        require_same(form.preprocessing, model.preprocessing)
    except UserError as error:
        raise UserError(f"{source} ({form.name}): {error}") from None
    plan = _Plan(model, fc, whole)
    for name, tensor in renamed.tensors.items():
        plan.place(name, tensor, renamed.origin[name])
    plan.compare_scales(renamed.scales)
    plan.account_for_the_rest()
    if plan.problems:
        hint = f". {FC_HINT}" if any("neck.fc" in problem for problem in plan.problems) else ""
        more = f"; ... {len(plan.problems) - 6} more" if len(plan.problems) > 6 else ""
        raise UserError(f"{source} ({form.name}) does not fit this net: {'; '.join(plan.problems[:6])}{more}{hint}")
    return Fitted(plan.taken, [*plan.lines, *renamed.lines])


class _Plan:
    def __init__(self, model: nn.Module, fc: str, whole: bool) -> None:
        self.model, self.fc, self.whole = model, fc, whole
        self.net = {name: t for name, t in model.state_dict().items() if name != RECORD}
        self.taken: dict[str, Tensor] = {}
        self.lines: list[str] = []
        self.problems: list[str] = []

    def place(self, name: str, tensor: Tensor, origin: str) -> None:
        """Take one tensor of the source, drop it with a line, or name the problem."""
        shape = tuple(tensor.shape)
        own = tuple(self.net[name].shape) if name in self.net else None
        if name.startswith("decode_head.upscore"):
            self._place_kernel(name, tensor, origin)
        elif name.startswith("neck.fc") and (self.fc == "random" or self.model.neck.fc_channels is None):
            why = "fc='random'" if self.fc == "random" else "the net has no fc6 and fc7"
            self.lines.append(f"dropped {origin}: {why}")
        elif own == shape:
            self.taken[name] = tensor
            self.lines.append(origin)
        elif (
            own
            and name.startswith("neck.fc")
            and self.fc == "subsample"
            and all(a <= b for a, b in zip(own, shape, strict=True))
        ):
            self.taken[name] = subsample(tensor, own)
            self.lines.append(f"{origin}, subsampled to {own}")
        elif name.startswith("decode_head.") and not self.whole:
            self.lines.append(f"dropped {origin}: " + (f"the net needs {own}" if own else "no such layer in this net"))
        else:
            self.problems.append(
                f"{origin}: the net needs {own}"
                if own
                else f"{origin}: the net has no such layer, choose the config of that net"
            )

    def _place_kernel(self, name: str, tensor: Tensor, origin: str) -> None:
        layer = getattr(self.model.decode_head, name.split(".")[1], None)
        kernel = per_class(tensor)
        if layer is None or layer.kernel_size != tuple(tensor.shape[2:]) or layer.in_channels != tensor.shape[0]:
            if self.whole or not is_bilinear(tensor):
                self.problems.append(f"{origin}: the net upsamples otherwise, choose the config of that net")
            else:
                self.lines.append(f"dropped {origin}: bilinear kernels of another size")
        elif not layer.learnable and is_bilinear(tensor):
            self.lines.append(f"{origin}: the fixed bilinear kernels of the net")
        elif layer.learnable and layer.groups == 1 and kernel is not tensor:
            self.taken[name] = tensor
            self.lines.append(origin)
        elif layer.learnable and kernel is not None:
            self.taken[name] = (
                kernel if layer.groups > 1 else torch.diag_embed(kernel[:, 0].permute(1, 2, 0)).permute(2, 3, 0, 1)
            )
            self.lines.append(f"{origin}, as {tuple(self.taken[name].shape)}")
        else:
            need = "learnable" if kernel is not None else "dense"
            self.problems.append(f"{origin}: learned kernels, set model.decode_head.upsample=dict({need}=True)")

    def compare_scales(self, scales: dict[str, float]) -> None:
        """The at-once nets scale their skips: the config has to do the same."""
        streams = self.model.decode_head.streams
        for name, scale in scales.items():
            own = self.model.neck.scales[streams.index(name)] if name in streams else None
            if own is None or abs(own - scale) > 1e-6 * abs(scale):
                self.problems.append(f"scale_{name} is {scale:.6g}, the net's neck.scales has {own}")
            else:
                self.lines.append(f"checked scale_{name}: {scale:.6g} as in neck.scales")

    def account_for_the_rest(self) -> None:
        """Tensors of the net that nothing was found for."""
        for name in (name for name in self.net if name not in self.taken):
            if name.endswith("num_batches_tracked"):  # files of old have none
                continue
            shape = tuple(self.net[name].shape)
            new = name.startswith("neck.fc") and self.fc == "random"
            if new or (name.startswith("decode_head.") and not self.whole):
                self.lines.append(f"newly initialised {shape} {name}")
            elif not any(name in problem for problem in self.problems):
                self.problems.append(f"nothing for {name} {shape}")
