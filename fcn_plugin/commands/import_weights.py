"""Import weights: Caffe (.caffemodel), torchfcn, torchvision, mmpretrain, or a checkpoint of this package."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import UserError, printable
from ..invocation import command
from .options import add_options, load_config

if TYPE_CHECKING:
    from mmengine.config import Config
    from torch import Tensor

    from ..weights.nets import Net
    from ..weights.rename import Renamed


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the source, the target and the net that the weights are for."""
    add = parser.add_argument
    add("source", metavar="SRC", help="file, https:// link or torchvision://NAME; the format is detected")
    add("target", metavar="DST", help="file to write: .safetensors or .pth")
    add(
        "--to", metavar="CONFIG", dest="config", help="config of the net that the weights are for; checks names, shapes"
    )
    images = "image normalisation that the weights expect, if not in the file: caffe (BGR minus ImageNet's mean), "
    images += "torchvision (RGB, mean and std), inception (RGB, -1..1), nyud-color, nyud-hha (the authors' means), or "
    images += "ORDER:MEAN[:STD], e.g. BGR:116.19,97.203,92.318"
    add("--images", metavar="IMAGES", help=images)
    add_options(parser, "--cfg-options", "--trust-checkpoint")


def main(args: argparse.Namespace) -> None:
    """Import the weights and print the report."""
    cfg = load_config(args) if args.config else None
    print("\n".join(map(printable, import_weights(args.source, args.target, cfg, args.images))))


def import_weights(source: str, target: str, cfg: Config | None = None, images: str | None = None) -> list[str]:
    """Convert a weight file and return the report: its format, a line for each tensor, and what was written.

    Args:
        source: file of any known format, ``https://`` link or ``torchvision://NAME``.
        target: file to write, ``.safetensors`` or ``.pth``.
        cfg: config of the net. If given, every name and shape is checked, fc layers are made narrower as ``model.fc`` says,
            and the class names are written too.
        images: image normalisation that the weights expect, as :func:`.record_of` takes it. Needed if the file does not record
            it or its tensor names suggest a wrong one: the authors' NYUDv2 nets have other means, and Caffe's VGG16 also
            circulates under torchvision's names.

    Raises:
        UserError: option-value, output-path, weights-*, checkpoint-*. Nothing is written then.
    """
    from ..data.leaves import dataset_meta
    from ..models.skip_head import FCNSkipHead
    from ..weights.fit import fit, take_as_own
    from ..weights.preprocessing import CAFFE, RECORD, describe, record_of
    from ..weights.rename import read_renamed
    from ..weights.tasks import join_tasks

    path = Path(target)
    if path.suffix not in (".safetensors", ".pth"):
        raise UserError("output-path", f"unknown suffix of {target}: give a name that ends in .safetensors or .pth")
    if not path.parent.is_dir():
        raise UserError("output-path", f"no folder {path.parent} for {path.name}: make it first")
    if path.exists() and os.path.exists(source) and path.samefile(source):
        raise UserError("output-path", f"{target} is the source itself: give another name")
    renamed = read_renamed(source, record_of(images) if images is not None else None)
    outline = None if cfg is None else _outline(cfg)
    renamed = join_tasks(renamed, *([] if outline is None else [getattr(outline.decode_head, "task_names", ())]))
    is_fcn = FCNSkipHead.count_classes(renamed.tensors) is not None
    meta: dict[str, Any] = {}
    if cfg is None or outline is None:
        tensors, lines = _take_all(renamed, FCNSkipHead.is_upsampling)
    else:
        if cfg.model.get("other_images") and not is_fcn:
            renamed = take_as_own(renamed, outline)
        fitted = fit(outline, renamed, cfg.model.get("fc", "copy"), is_fcn)
        tensors, lines, meta = fitted.tensors, fitted.lines, {"dataset_meta": dataset_meta(cfg)}
    expected = renamed.form.preprocessing
    if is_fcn and expected is CAFFE and not images:  # the authors' names: their files keep no mean
        others = "if the net was trained with other means (nyud-color, nyud-hha, SIFT Flow), give --images"
        lines.append(f"assumed: images as {describe(expected)}; {others}")
    _write({**tensors, RECORD: expected}, meta, path)
    use = f"use it with {command('test')} or init_model" if is_fcn else "start from it with model.pretrained"
    wrote = f"wrote {path}: {len(tensors)} tensors for images as {describe(expected)}; {use}"
    return [f"{source}: {renamed.form.name}", *lines, wrote]


def _outline(cfg: Config) -> Net:
    """Build the config's net on the meta device: names and shapes without memory for weights."""
    import torch
    from mmengine.registry import init_default_scope
    from mmseg.registry import MODELS

    from ..weights.preprocessing import of_preprocessor

    init_default_scope(cfg.get("default_scope", "mmseg"))
    try:
        with torch.device("meta"):
            model = MODELS.build(cfg.model)
    except RuntimeError:  # mmpretrain's ResNet reads tensor values while it is built
        model = MODELS.build(cfg.model)
    model.preprocessing = of_preprocessor(MODELS.build(cfg.model.data_preprocessor))
    return model


def _take_all(renamed: Renamed, is_upsampling: Callable[[str], bool]) -> tuple[dict[str, Tensor], list[str]]:
    """Take all tensors without comparing them with a net, except the fixed upsampling kernels."""
    from ..weights.kernels import is_bilinear

    tensors, lines = {}, list(renamed.lines)
    for name, tensor in renamed.tensors.items():
        if not is_upsampling(name):
            tensors[name] = tensor
            lines.append(renamed.how[name])
        elif is_bilinear(tensor):
            lines.append(f"checked {renamed.origin[name]}: the fixed bilinear kernels, not written")
        else:
            tensors[name] = tensor.float()
            lines.append(f"{renamed.how[name]}: learned kernels, set model.decode_head.upsample.dense=True")
    for name, scale in renamed.scales.items():
        lines.append(f"scale_{name} is {scale:.6g}: set the same value in neck.scales of the config")
    return tensors, [*lines, "not checked against a net, and without class names: give --to CONFIG for both"]


def _write(tensors: dict[str, Tensor], meta: dict[str, Any], path: Path) -> None:
    """Write copies of the tensors, since some share memory or are views of larger tensors."""
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    from ..atomic_write import atomic_write
    from ..checkpoints.checksum import BLANK, seal

    tensors = {name: tensor.clone(memory_format=torch.contiguous_format) for name, tensor in tensors.items()}
    try:
        with atomic_write(path) as part:
            if path.suffix == ".pth":
                torch.save({"state_dict": tensors, "meta": meta}, part)
            else:
                notes = {name: json.dumps(value) for name, value in meta.items()}
                save_file(tensors, part, {"format": "pt", **BLANK, **notes})
            seal(part)
    except (OSError, RuntimeError, SafetensorError) as error:  # torch raises RuntimeError if the disk is full
        raise UserError("output-path", f"can't write {path}: {error}. Choose another place") from error
