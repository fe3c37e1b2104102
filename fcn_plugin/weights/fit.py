"""Match weights with a net, all or nothing, and report every tensor of both."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import torch
from mmengine.logging import MMLogger, print_log
from torch import Tensor

from ..errors import UserError, abbreviate
from .bands import fit_bands
from .kernels import dense, is_bilinear, per_class, subsample
from .nets import Net
from .preprocessing import RECORD, describe, require_same
from .rename import Renamed, read_renamed

FC_STARTS = ("copy", "subsample", "random")
FC_HINT = ". Set model.fc='random' to train fc6 and fc7 from scratch, or 'subsample' to narrow the file's layers"


def load_classifier(model: Net, source: str, fc: str = "copy", other_images: bool = False) -> list[str]:
    """Copy an ImageNet classifier into an FCN (CVPR 2015, sec. 3.1): fc6 and fc7 become convolutions of 7 x 7 and 1 x 1.

    Return the report, one line per tensor: copied, reshaped, subsampled, widened, newly initialised or dropped.

    Args:
        model: an FCN segmentor; unchanged if the source is refused.
        source: see :func:`.rename.read_renamed`, also for the errors.
        fc: where fc6 and fc7 come from: ``copy``, ``subsample`` or ``random``.
        other_images: accept weights for images of another mean or order of channels; their scale must be the same.
    """
    own_formats = getattr(model.backbone, "weight_formats", tuple)
    renamed = fit_bands(read_renamed(source, more=own_formats()), model, other_images)
    if other_images:
        renamed = take_as_own(renamed, model)
    fitted = fit(model, renamed, fc)
    model.load_state_dict(fitted.tensors, strict=False)
    kinds = Counter(line.split()[0] for line in fitted.lines)
    counts = ", ".join(f"{count} {'newly initialised' if kind == 'newly' else kind}" for kind, count in kinds.items())
    print_log(f"started from {source} ({renamed.form.name}), tensors: {counts}", logger="current")
    _log_lines(fitted.lines)
    return fitted.lines


def take_as_own(renamed: Renamed, model: Net) -> Renamed:
    """Return a source as if it expected the mean and channel order of a net's images; its scale is unchanged."""
    theirs, own = renamed.form.preprocessing, model.preprocessing.cpu()
    if theirs.shape != own.shape:
        return renamed
    name = f"{renamed.form.name}, trained on images as {describe(theirs)}"
    return replace(renamed, form=replace(renamed.form, name=name, preprocessing=torch.stack([*own[:2], theirs[2]])))


def _log_lines(lines: list[str]) -> None:  # separate, since only the log file shows these lines
    MMLogger.get_current_instance().info("one by one:\n  " + "\n  ".join(lines))


def fit(model: Net, renamed: Renamed, fc: str = "copy", trained: bool = False) -> Fitted:
    """Decide for every tensor of the source and of the net what to load.

    Args:
        model: an FCN; not changed. Its head and neck say which tensors may be new, its head which are upsampling kernels.
        renamed: the source under our names.
        fc: ``copy``, ``subsample`` or ``random``, for fc6 and fc7.
        trained: the source is a trained FCN, so its score layers must fit and none may be missing.

    Raises:
        UserError: ``weights-preprocessing``; ``weights-fit`` with what is missing, left over, or of another shape.
    """
    file = f"{renamed.source} ({renamed.form.name})"
    try:
        require_same(renamed.form.preprocessing, model.preprocessing)
    except UserError as error:
        hint = "if the file's names mislead, import it with its --images first"
        hint += "" if trained else "; to start from it with the config's mean and order, set model.other_images=True"
        raise UserError(error.code, f"{file}: {error.message}; {hint}") from None
    result = Fitted(model, renamed, fc, trained)
    for name, tensor in renamed.tensors.items():
        result.place(name, tensor)
    result.compare_scales()
    result.account_for_the_rest()
    if result.problems:
        hint = FC_HINT if any(name.startswith("neck.fc") for name in result.problems) else ""
        problems = abbreviate([*result.problems.values()], 6, "; ")
        raise UserError("weights-fit", f"{file} does not fit this net: {problems}{hint}")
    result.lines += renamed.lines
    return result


def _dense(tensor: Tensor) -> Tensor:
    return dense(tensor) if tensor.shape[1] == 1 else tensor


class Fitted:
    """The tensors, report and problems found so far."""

    def __init__(self, model: Net, renamed: Renamed, fc: str, trained: bool) -> None:
        self.head, self.neck, self.renamed, self.fc, self.trained = model.decode_head, model.neck, renamed, fc, trained
        self.net = {name: tensor for name, tensor in model.state_dict().items() if name != RECORD}
        both = [(name, tensor, self.net[name]) for name, tensor in renamed.tensors.items() if name in self.net]
        # layers are taken whole or not at all
        self.misfits = {name.rpartition(".")[0] for name, theirs, ours in both if theirs.shape != ours.shape}
        self.tensors: dict[str, Tensor] = {}  # to load, under the net's names and in its shapes
        self.lines: list[str] = []  # the report
        self.problems: dict[str, str] = {}  # by name of the tensor or stream

    def place(self, name: str, tensor: Tensor) -> None:
        """Take one tensor of the source, drop it with a line in the report, or note the problem."""
        own = tuple(self.net[name].shape) if name in self.net else None
        same, origin, how = own == tuple(tensor.shape), self.renamed.origin[name], self.renamed.how[name]
        is_fc, is_head = name.startswith("neck.fc"), name.startswith("decode_head.")
        if self.head.is_upsampling(name):
            self._place_kernel(name, tensor, origin, how)
        elif is_fc and not self.trained and self.fc == "random":
            self.lines.append(f"dropped {origin}: fc='random'")
        elif is_fc and not self.trained and self.neck.fc_channels is None:
            self.lines.append(f"dropped {origin}: the net has no fc6 and fc7")
        elif same and not (is_head and name.rpartition(".")[0] in self.misfits):
            self._take(name, tensor, how)
        elif is_fc and self.fc == "subsample" and own and (narrow := subsample(tensor, own)) is not None:
            self._take(name, narrow, f"subsampled to {own}, {how}")
        elif is_head and not self.trained:
            reason = "no such layer in this net" if own is None else f"the net needs {own}"
            self.lines.append(f"dropped {origin}: {'the rest of its layer does not fit' if same else reason}")
        else:
            reason = f"the net needs {own}" if own else "the net has no such layer: use the config of that net"
            self.problems[name] = f"{origin} -> {name}: {reason}"

    def _take(self, name: str, tensor: Tensor, line: str) -> None:
        self.tensors[name] = tensor
        self.lines.append(line)

    def _place_kernel(self, name: str, tensor: Tensor, origin: str, how: str) -> None:
        layer, kernel = getattr(self.head, name.split(".")[1], None), per_class(tensor)
        c, k = (layer.in_channels, layer.kernel_size[0]) if layer is not None else (0, 0)
        if layer is None or tuple(tensor.shape) not in ((c, c, k, k), (c, 1, k, k)):
            if not self.trained and is_bilinear(tensor):
                self.lines.append(f"dropped {origin}: bilinear kernels of another upsampling")
            else:
                self.problems[name] = f"{origin}: the net upsamples differently: use the config of that net"
        elif not layer.learnable and is_bilinear(tensor):
            self.lines.append(f"checked {origin}: the bilinear kernels that the net has")
        elif layer.learnable and (fitting := kernel if layer.groups > 1 else _dense(tensor)) is not None:
            if fitting.shape != tensor.shape:
                key = origin.partition(") ")[2]
                how = f"reshaped {tuple(tensor.shape)} -> {tuple(fitting.shape)} {key} -> {name}"
            self._take(name, fitting.float(), how)
        else:
            need = "learnable" if kernel is not None else "dense"
            self.problems[name] = f"{origin}: learned kernels: set model.decode_head.upsample.{need}=True"

    def compare_scales(self) -> None:
        """Compare an at-once net's factors of its skips with those of the config."""
        found, own = self.renamed.scales, dict(zip(self.head.streams, self.neck.scales, strict=False))
        for name, scale in found.items():
            if name in own and abs(own[name] - scale) <= 5e-4 * abs(scale):
                self.lines.append(f"checked scale_{name}: {scale:.6g} as in neck.scales")
            else:
                self.problems[name] = f"scale_{name} is {scale:.6g}, but the net's neck.scales has {own.get(name)}"
        for name in (name for name, scale in own.items() if scale != 1 and name not in found and self.trained):
            if self.renamed.from_caffe:
                self.problems[name] = f"no scale_{name}, but the net's neck.scales has {own[name]}"
            else:  # torchfcn keeps its factors in code
                self.lines.append(f"unchecked scale_{name}: the file has none, the net's neck.scales has {own[name]}")

    def account_for_the_rest(self) -> None:
        """Note the tensors of the net that the source lacks."""
        for name in [name for name in self.net if name not in self.tensors and name not in self.problems]:
            shape = tuple(self.net[name].shape)
            declared = self.head.may_be_new(name) or self.neck.may_be_new(name)
            is_new = declared or (name.startswith("neck.fc") and self.fc == "random")
            if name.endswith("num_batches_tracked"):  # old files do not count batches
                self._take(name, torch.zeros(shape, dtype=torch.long), f"newly initialised {shape} {name}")
            elif is_new and not self.trained:
                self.lines.append(f"newly initialised {shape} {name}")
            else:
                self.problems[name] = f"nothing for {name} {shape}"
