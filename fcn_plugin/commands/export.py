"""Export a trained net to ONNX, OpenVINO, TorchScript or torch.export, and compare the file with the net."""

from __future__ import annotations

import argparse
import copy
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from ..errors import UserError
from ..export.suffixes import EXPORTED_SUFFIXES, SUFFIXES
from .options import DATA, add_options, at_least, load_config

if TYPE_CHECKING:
    import numpy as np
    from mmengine.config import Config, ConfigDict

    from ..prediction.net import Net

CALIBRATION = 32  # images


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the checkpoint, the format and what the file computes."""
    add_options(parser, "checkpoint")
    parser.add_argument("--to", choices=SUFFIXES, default="onnx", help="format (default: onnx)")
    parser.add_argument("--config", help="config file, or the name of one (default: the config inside the checkpoint)")
    parser.add_argument("--out", metavar="FILE", help="(default: beside the checkpoint, with the format's suffix)")
    outputs = "(N, H, W) class ids (default), or (N, C, H, W) probabilities or logits"
    parser.add_argument("--output", choices=["labels", "probabilities", "logits"], default="labels", help=outputs)
    inside = "the file takes (N, H, W, 3) uint8 RGB images; by default (N, 3, H, W) float32, normalised"
    parser.add_argument("--with-preprocessing", action="store_true", help=inside)
    parser.add_argument("--opset", type=at_least(18), help="of ONNX's operators (default: the exporter's)")
    lower = "also write NAME.int8.onnx (.xml), calibrated on train images, or NAME.fp16.onnx; prints the mean IU of both on val"
    parser.add_argument("--precision", choices=["fp16", "int8"], help=lower)
    add_options(parser, *DATA, "--trust-checkpoint")


def check_arguments(parser: argparse.ArgumentParser, args: argparse.Namespace) -> None:
    """Refuse a file name whose suffix is another format's, and options of config files without one."""
    if args.out and Path(args.out).suffix.lower() != SUFFIXES[args.to]:
        parser.error(f"--out {args.out}: a file for {args.to} ends in {SUFFIXES[args.to]}")
    if args.precision and (SUFFIXES[args.to] not in EXPORTED_SUFFIXES or args.with_preprocessing):
        parser.error("--precision goes with --to onnx or openvino, and without --with-preprocessing")
    if args.cfg_options and not args.config:
        parser.error("--cfg-options changes a config file: name it with --config")


def main(args: argparse.Namespace) -> None:
    """Export."""
    from ..checkpoints.read import open_checkpoint
    from ..configs import config_name
    from ..prediction.load import config_inside

    args.amp = "off"  # what the file holds must not depend on this machine
    if args.config:
        cfg = load_config(args)
        name = config_name(cfg.filename)
    else:
        checkpoint = open_checkpoint(args.checkpoint)
        cfg = load_config(args, cfg=config_inside(checkpoint))
        name = str(checkpoint.meta.get("experiment_name") or "")
    out = Path(args.out or Path(args.checkpoint).with_suffix(SUFFIXES[args.to]))
    whole = copy.deepcopy(cfg)
    net = export(cfg, args.checkpoint, args.to, out, args.output, args.with_preprocessing, args.opset, name)
    if args.precision:
        export_lowered(whole, net, out, args.precision)


def export(
    cfg: Config,
    checkpoint: str,
    kind: str,
    out: Path,
    output: str = "labels",
    with_preprocessing: bool = False,
    opset: int | None = None,
    name: str = "",
) -> Net:
    """Write ``out``, and print how it compares with the net, which is returned, at five sizes.

    Args:
        cfg: with ``model``, in fp32, and ``test_dataloader``.
        checkpoint: of this net.
        kind: a format of :data:`SUFFIXES`.
        out: with the format's suffix.
        output: ``labels``, ``probabilities`` or ``logits``.
        with_preprocessing: take (N, H, W, 3) uint8 RGB.
        opset: version of ONNX's operators; None is the exporter's default.
        name: of the run or config, for the file's metadata.

    Raises:
        UserError: ``checkpoint-*``, ``config-*``, ``export-*``, ``requirements``, ``output-path``.
    """
    from ..atomic_write import make_dir
    from ..data.leaves import leaf_datasets
    from ..export.formats import require_packages
    from ..export.metadata import metadata_of, resize_of
    from ..export.write import export as write_checked
    from ..prediction.load import load
    from ..preflight.prepare import prepare

    require_packages(kind)
    make_dir(str(out.parent), "--out")
    prepare(cfg, ())
    net = load(checkpoint, cfg, device="cpu")
    images, source = _images(cfg)
    resize = resize_of(next(leaf_datasets(cfg.test_dataloader.dataset)).pipeline)
    metadata = metadata_of(net.model, net.classes, net.palette, output, with_preprocessing, name, resize)
    rows = write_checked(net.model, kind, out, metadata, images, opset)
    print(f"compared with the net on {source}:")
    print(*rows, sep="\n")
    print(f"{out} gives {output}")
    if resize:
        back = (
            "; fcn test and predict need --output logits to bring them back to the image's size"
            if output == "labels"
            else ""
        )
        print(f"images go in resized to {resize['scale']}, as the config's test pipeline does{back}")
    return net


def _images(cfg: Config) -> tuple[list[np.ndarray], str]:
    """Read a few images of the config's test split; where they are not here, draw one."""
    from ..export.compare import drawn_image, read_images

    try:
        return read_images(_paths(cfg.test_dataloader.dataset)), "images of the test split"
    except (UserError, OSError, IndexError):
        return [drawn_image()], "a drawn image (the test split is not here: --data-root DIR)"


def _paths(dataset: ConfigDict) -> list[str]:
    from mmseg.registry import DATASETS

    from ..data.leaves import leaf_datasets

    built = DATASETS.build(next(leaf_datasets(dataset)))
    return [built.get_data_info(i)["img_path"] for i in range(len(built))]


def export_lowered(cfg: Config, net: Net, source: Path, precision: str) -> None:
    """Write a copy of a file in fp16 or int8 beside it, ``NAME.int8.onnx``, and print the mean IU of both on the val split.

    Args:
        cfg: with all three splits, which is not prepared yet.
        net: that the file was made from.
        source: the ``.onnx`` or ``.xml`` file.
        precision: ``fp16`` or ``int8``.

    Raises:
        UserError: ``export-*``, ``dataset-*``, ``file-missing`` for splits that are not here; no copy is left.
    """
    from ..export.lowered import lower

    target = source.with_suffix(f".{precision}{source.suffix}")
    before = _score_on_val(cfg, source)
    lower(source, target, precision, _calibration(cfg, net) if precision == "int8" else ())
    try:
        after = _score_on_val(cfg, target)
    except BaseException:
        target.unlink()
        target.with_suffix(".bin").unlink(missing_ok=True)
        raise
    print(f"mean IU on val: {100 * before:.2f} in fp32, {100 * after:.2f} in {precision} ({target})")


def _calibration(cfg: Config, net: Net) -> Iterator[np.ndarray]:
    from ..export.compare import read_images
    from ..preflight.prepare import prepare

    own = copy.deepcopy(cfg)
    prepare(own, ("train",))
    images = read_images(_paths(own.train_dataloader.dataset), CALIBRATION)
    packed = (net.pipeline(dict(img=image, img_path=""))["inputs"] for image in images)
    return (net.model.data_preprocessor(dict(inputs=[x]), False)["inputs"].numpy() for x in packed)


def _score_on_val(cfg: Config, path: Path) -> float:
    from .test import test

    own = copy.deepcopy(cfg)
    with TemporaryDirectory() as folder:
        own.test_dataloader, own.test_evaluator = own.val_dataloader, own.val_evaluator
        own.work_dir, own.experiment_name = folder, path.name
        return test(own, str(path))["mIoU"]
