"""Export a trained net to ONNX, OpenVINO, TorchScript or torch.export, and compare the file with the net."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import UserError
from .options import DATA, add_options, at_least, load_config

if TYPE_CHECKING:
    import numpy as np
    from mmengine.config import Config

SUFFIXES = {"onnx": ".onnx", "openvino": ".xml", "torchscript": ".pt", "torch-export": ".pt2"}


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
    add_options(parser, *DATA, "--trust-checkpoint")


def check_arguments(parser: argparse.ArgumentParser, args: argparse.Namespace) -> None:
    """Refuse a file name whose suffix is another format's, and options of config files without one."""
    if args.out and Path(args.out).suffix.lower() != SUFFIXES[args.to]:
        parser.error(f"--out {args.out}: a file for {args.to} ends in {SUFFIXES[args.to]}")
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
    export(cfg, args.checkpoint, args.to, out, args.output, args.with_preprocessing, args.opset, name)


def export(
    cfg: Config,
    checkpoint: str,
    kind: str,
    out: Path,
    output: str = "labels",
    with_preprocessing: bool = False,
    opset: int | None = None,
    name: str = "",
) -> None:
    """Write ``out``, and print how it compares with the net at five sizes.

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


def _images(cfg: Config) -> tuple[list[np.ndarray], str]:
    """Read a few images of the config's test split; where they are not here, draw one."""
    from mmseg.registry import DATASETS

    from ..data.leaves import leaf_datasets
    from ..export.compare import drawn_image, read_images

    try:
        dataset = DATASETS.build(next(leaf_datasets(cfg.test_dataloader.dataset)))
        paths = [dataset.get_data_info(i)["img_path"] for i in range(len(dataset))]
        return read_images(paths), "images of the test split"
    except (UserError, OSError, IndexError):
        return [drawn_image()], "a drawn image (the test split is not here: --data-root DIR)"
