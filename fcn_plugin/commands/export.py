"""Export a trained net to ONNX, OpenVINO, TorchScript or torch.export, or to a web page that runs it in the browser."""

from __future__ import annotations

import argparse
import copy
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from ..export.suffixes import EXPORTED_SUFFIXES, SUFFIXES
from .options import DATA, add_options, at_least, load_config

if TYPE_CHECKING:
    import numpy as np
    from mmengine.config import Config

    from ..export.metadata import Metadata
    from ..prediction.net import Net

CALIBRATION = 32  # images
WEB = "web"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the checkpoint, the format and what the file computes."""
    several = "checkpoint file (.pth); with --to web several are allowed, which the page shows side by side"
    parser.add_argument("checkpoint", nargs="+", help=several)
    to = "format (default: onnx); web: a folder with a page that runs the net in the browser, for any static web server"
    parser.add_argument("--to", choices=[*SUFFIXES, WEB], default="onnx", help=to)
    parser.add_argument("--config", help="config file or name (default: the config inside the checkpoint)")
    parser.add_argument("--out", metavar="PATH", help="file or folder to write (default: next to the checkpoint)")
    outputs = "(N, H, W) class ids (default), or (N, C, H, W) probabilities or logits"
    parser.add_argument("--output", choices=["labels", "probabilities", "logits"], default="labels", help=outputs)
    inside = "input is (N, H, W, 3) uint8 RGB, or all bands as float32 (default: (N, 3, H, W) float32, normalised)"
    parser.add_argument("--with-preprocessing", action="store_true", help=inside)
    parser.add_argument("--opset", type=at_least(18), help="ONNX opset version (default: the exporter's)")
    lower = "also write NAME.int8.onnx (.xml), calibrated on train images, or NAME.fp16.onnx; print the mean IU of both on val"
    parser.add_argument("--precision", choices=["fp16", "int8"], help=lower)
    offline = "copy the page's runtime from npm into the folder (default: browsers load it from a CDN)"
    parser.add_argument("--offline", action="store_true", help=offline)
    add_options(parser, *DATA, "--trust-checkpoint")


def check_arguments(parser: argparse.ArgumentParser, args: argparse.Namespace) -> None:
    """Refuse a suffix of another format, and options that do not go together."""
    suffix = SUFFIXES.get(args.to, f".{WEB}")
    if args.to == WEB and args.output != "labels":
        parser.error("--to web always shows label maps: remove --output")
    if args.to != WEB and (args.offline or len(args.checkpoint) > 1):
        parser.error("--offline and several checkpoints need --to web")
    if args.to != WEB and args.out and Path(args.out).suffix.lower() != suffix:
        parser.error(f"--out {args.out}: a file for {args.to} ends in {suffix}")
    if args.precision and (suffix not in EXPORTED_SUFFIXES or args.with_preprocessing):
        parser.error("--precision needs --to onnx or openvino, without --with-preprocessing")
    if args.cfg_options and not args.config:
        parser.error("--cfg-options needs a config file: give --config")


def main(args: argparse.Namespace) -> None:
    """Export."""
    args.amp = "off"  # the exported file must not depend on this machine
    first = Path(args.checkpoint[0])
    if args.to == WEB:
        _export_page(args, Path(args.out or first.with_suffix(f".{WEB}")))
        return
    cfg, name = _read(args, args.checkpoint[0])
    out = Path(args.out or first.with_suffix(SUFFIXES[args.to]))
    whole = copy.deepcopy(cfg)
    net, metadata = export(cfg, str(first), args.to, out, args.output, args.with_preprocessing, args.opset, name)
    print(f"{out} gives {args.output}")
    if metadata.resize:
        back = "; fcn test and predict need --output logits to resize the result to the image"
        back = back if args.output == "labels" else ""
        print(f"resize images to {metadata.resize['scale']} first, as the config's test pipeline does{back}")
    if args.precision:
        export_lowered(whole, net, out, args.precision)


def _read(args: argparse.Namespace, path: str) -> tuple[Config, str]:
    """Return a checkpoint's config with the command line's options applied, and the name of its run or config."""
    from ..checkpoints.read import open_checkpoint
    from ..configs import config_name
    from ..prediction.load import config_inside

    if args.config:
        cfg = load_config(args)
        return cfg, config_name(cfg.filename)
    checkpoint = open_checkpoint(path)
    return load_config(args, cfg=config_inside(checkpoint)), str(checkpoint.meta.get("experiment_name") or "")


def _export_page(args: argparse.Namespace, out: Path) -> None:
    from ..export.web.folder import web_folder

    with web_folder(out, args.offline) as nets:
        for path in args.checkpoint:
            cfg, name = _read(args, path)
            name = name or Path(path).stem
            nets.add(export(cfg, path, "onnx", nets.next_path(), None, True, args.opset, name)[1])
    print(f"{out} is ready: python -m http.server --directory {out}, then open http://localhost:8000")


def export(
    cfg: Config,
    checkpoint: str,
    kind: str,
    out: Path,
    output: str | None = "labels",
    with_preprocessing: bool = False,
    opset: int | None = None,
    name: str = "",
) -> tuple[Net, Metadata]:
    """Write ``out``, print how it compares with the net at five sizes, and return the net and the file's metadata.

    Args:
        cfg: config with ``model``, in fp32, and ``test_dataloader``.
        checkpoint: file of the net's weights.
        kind: format, a key of :data:`SUFFIXES`.
        out: file to write, with the format's suffix.
        output: ``labels``, ``probabilities`` or ``logits``; None: logits if images are resized, else labels.
        with_preprocessing: include the preprocessing, so that the input is (N, H, W, 3) uint8 RGB.
        opset: ONNX opset version; None: the exporter's default.
        name: name of the run or config, for the metadata.

    Raises:
        UserError: ``checkpoint-*``, ``config-*``, ``export-*``, ``requirements``, ``output-path``.
    """
    from ..atomic_write import make_dir
    from ..data.leaves import leaf_datasets
    from ..export.formats import require_packages
    from ..export.images import images_of
    from ..export.metadata import metadata_of, resize_of
    from ..export.write import export as write_checked
    from ..prediction.load import load
    from ..preflight.prepare import prepare

    require_packages(kind)
    make_dir(str(out.parent), "--out")
    prepare(cfg, ())
    net = load(checkpoint, cfg, device="cpu")
    images, source = images_of(cfg.test_dataloader.dataset, net.model, net.reader)
    resize = resize_of(next(leaf_datasets(cfg.test_dataloader.dataset)).pipeline)
    output = output or ("logits" if resize else "labels")
    metadata = metadata_of(net.model, net.classes, net.palette, output, with_preprocessing, name, resize)
    rows = write_checked(net.model, kind, out, metadata, images, opset)
    print(f"compared with the net on {source}:")
    print(*rows, sep="\n")
    return net, metadata


def export_lowered(cfg: Config, net: Net, source: Path, precision: str) -> None:
    """Write a copy in fp16 or int8 next to an exported file, ``NAME.int8.onnx``, and print the mean IU of both on val.

    Args:
        cfg: config with all three splits, not prepared yet.
        net: net that the file was exported from.
        source: the ``.onnx`` or ``.xml`` file.
        precision: ``fp16`` or ``int8``.

    Raises:
        UserError: ``export-*``, ``dataset-*``, ``file-missing`` if a split is missing. The copy is deleted then.
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
    print(f"mean IU on val: {before:.2f} in fp32, {after:.2f} in {precision} ({target})")


def _calibration(cfg: Config, net: Net) -> Iterator[np.ndarray]:
    from ..export.compare import read_images
    from ..export.images import paths_of
    from ..preflight.prepare import prepare

    own = copy.deepcopy(cfg)
    prepare(own, ("train",))
    images = read_images(paths_of(own.train_dataloader.dataset), net.reader, CALIBRATION)
    packed = (net.pipeline(dict(img=image, img_path=""))["inputs"] for image in images)
    return (net.model.data_preprocessor(dict(inputs=[x]), False)["inputs"].numpy() for x in packed)


def _score_on_val(cfg: Config, path: Path) -> float:
    from .test import test

    own = copy.deepcopy(cfg)
    with TemporaryDirectory() as folder:
        own.test_dataloader, own.test_evaluator = own.val_dataloader, own.val_evaluator
        own.work_dir, own.experiment_name = folder, path.name
        return test(own, str(path))["mIoU"]
