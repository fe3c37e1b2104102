"""Import weights: Caffe (.caffemodel), torchfcn, torchvision, mmpretrain, or a checkpoint of this package."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import UserError
from .options import add_cfg_options, add_trust, load_config

if TYPE_CHECKING:
    import torch
    from mmengine.config import Config
    from torch import nn

    from ..weights.formats import WeightFormat
    from ..weights.rename import Renamed

SUFFIXES = (".safetensors", ".pth")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the source, the target and the net that the weights are for."""
    add = parser.add_argument
    add("source", metavar="SRC", help="file, https:// link or torchvision://NAME; its kind is recognised")
    add("target", metavar="DST", help="file to write: .safetensors or .pth")
    add("--to", metavar="CONFIG", dest="config", help="config of the net that the weights are for: checks all")
    images = "what the weights expect where the names mislead: BGR less the mean, RGB of mean and std, RGB of -1..1"
    add("--images", choices=["caffe", "torchvision", "inception"], help=images)
    add_cfg_options(parser)
    add_trust(parser)


def main(args: argparse.Namespace) -> None:
    """Import, and print the report."""
    from ..checkpoints.trust import trusting

    cfg = load_config(args) if args.config else None
    with trusting(args.trust_checkpoint):
        lines = import_weights(args.source, args.target, cfg, args.images)
    print("\n".join(lines))


def import_weights(source: str, target: str, cfg: Config | None = None, images: str | None = None) -> list[str]:
    """Convert a weight file.

    Args:
        source: file of any known kind, ``https://`` link or ``torchvision://NAME``.
        target: file to write, ``.safetensors`` or ``.pth``; it appears only when it is whole.
        cfg: config of the net that the weights are for. With it every name and shape is checked, narrower fc layers are
            made where ``model.fc`` says so, and the classes' names go along.
        images: what the weights expect of an image, of ``models.preprocessing.KINDS``, where the file's names mislead:
            Caffe's VGG16 is also handed around under torchvision's names.

    Returns:
        The report: the format, a line for every tensor, what was written.

    Raises:
        UserError: an unknown, damaged or unfitting source, or a target that can't be written. Nothing is written then.
    """
    from ..data.leaves import dataset_meta
    from ..weights.fit import fit
    from ..weights.preprocessing import KINDS, RECORD
    from ..weights.rename import read_renamed

    path = Path(target)
    if path.suffix not in SUFFIXES:
        raise UserError(f"{target} ends in {path.suffix!r}: give a name that ends in {' or '.join(SUFFIXES)}")
    if not path.parent.is_dir():
        raise UserError(f"there is no folder {path.parent} for {path.name}: make it first")
    if path.exists() and Path(source).exists() and path.samefile(source):
        raise UserError(f"{target} is the source itself: give another name")
    if images is not None and images not in KINDS:
        raise UserError(f"images {images!r} is unknown: one of {', '.join(KINDS)}")
    renamed, form = read_renamed(source, KINDS.get(images))
    if cfg is None:
        tensors, lines = _as_they_are(renamed)
        meta = {}
    else:
        fitted = fit(_outline(cfg), renamed, form, source, cfg.model.get("fc", "copy"), _is_fcn(renamed))
        tensors, lines = fitted.tensors, fitted.lines
        meta = {"dataset_meta": dataset_meta(cfg)}
    tensors = {name: tensor if _is_alone(tensor, tensors) else _copy(tensor) for name, tensor in tensors.items()}
    _write({**tensors, RECORD: form.preprocessing}, meta, path)
    return [f"{source} is {form.name}", *lines, _summary(path, len(tensors), form, renamed)]


def _outline(cfg: Config) -> nn.Module:
    """The config's net as names and shapes, without memory for weights."""
    import torch
    from mmengine.registry import init_default_scope
    from mmseg.registry import MODELS

    from ..weights.preprocessing import of_preprocessor

    init_default_scope(cfg.get("default_scope", "mmseg"))
    try:
        with torch.device("meta"):
            model = MODELS.build(cfg.model)
    except RuntimeError:  # mmpretrain's ResNet reads numbers out of tensors while it is built
        model = MODELS.build(cfg.model)
    model.preprocessing = of_preprocessor(MODELS.build(cfg.model.data_preprocessor))
    return model


def _is_fcn(renamed: Renamed) -> bool:
    return any(name.startswith("decode_head.score_") for name in renamed.tensors)


def _as_they_are(renamed: Renamed) -> tuple[dict[str, torch.Tensor], list[str]]:
    """Without a net to compare with: only upsampling kernels that any net has anyway are left out."""
    from ..weights.kernels import is_bilinear

    tensors, lines = {}, list(renamed.lines)
    for name, tensor in renamed.tensors.items():
        line = renamed.how[name]
        if name.startswith("decode_head.upscore") and is_bilinear(tensor):
            lines.append(f"checked {renamed.origin[name]}: the bilinear kernels that every net has")
            continue
        if name.startswith("decode_head.upscore"):
            tensor = tensor.float()
            line += ": learned kernels, set model.decode_head.upsample=dict(dense=True)"
        tensors[name] = tensor
        lines.append(line)
    for name, scale in renamed.scales.items():
        lines.append(f"scale_{name} is {scale:.6g}: neck.scales of the config must say the same")
    lines.append("unchecked against a net, and without the classes' names: --to CONFIG does both")
    return tensors, lines


def _is_alone(tensor: torch.Tensor, others: dict[str, torch.Tensor]) -> bool:
    """False for a part of a larger tensor and for one of two names: files hold each by itself."""
    storage = tensor.untyped_storage()
    sharing = [other for other in others.values() if other.untyped_storage().data_ptr() == storage.data_ptr()]
    return len(sharing) == 1 and storage.nbytes() == tensor.nbytes and tensor.is_contiguous()


def _copy(tensor: torch.Tensor) -> torch.Tensor:
    import torch

    return tensor.clone(memory_format=torch.contiguous_format)


def _write(tensors: dict[str, torch.Tensor], meta: dict, path: Path) -> None:
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    from ..atomic_write import atomic_write
    from ..checkpoints.checksum import BLANK, seal

    try:
        with atomic_write(path) as part:
            if path.suffix == ".pth":
                torch.save({"state_dict": tensors, "meta": meta}, part)
            else:
                notes = {name: json.dumps(value) for name, value in meta.items()}
                save_file(tensors, part, {"format": "pt", **BLANK, **notes})
            seal(part)
    except (OSError, RuntimeError, SafetensorError) as error:  # a full disk is a RuntimeError to torch
        raise UserError(f"can't write {path} ({error}): give another place") from error


def _summary(path: Path, count: int, form: WeightFormat, renamed: Renamed) -> str:
    from ..weights.preprocessing import describe

    use = "tools/test.py and init_model take it" if _is_fcn(renamed) else "start from it with model.pretrained"
    return f"wrote {path}: {count} tensors for images as {describe(form.preprocessing)}; {use}"
