"""Draw one row per image: image | truth | one mask per net."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..invocation import command
from .options import at_least, prepare_sheet


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the data set, the nets' masks and the picture."""
    add = parser.add_argument
    add("data_root", help="folder of the data set")
    add("masks", nargs="+", metavar="TITLE=DIR", help=f"folder of masks, as written by {command('test')} --out")
    add("--images", default="JPEGImages", help="its folder of images (default: PASCAL VOC's)")
    add("--truth", default="SegmentationClass", help="its folder of masks (default: PASCAL VOC's)")
    add("--out", required=True, metavar="FILE.png", help="picture to write")
    add("--names", nargs="+", help="images to show, without suffix (default: the first net's first three)")
    add("--scale", type=at_least(1), default=2, help="enlargement (default: 2)")


def check_arguments(parser: argparse.ArgumentParser, args: argparse.Namespace) -> None:
    """Refuse masks without a title."""
    if not all("=" in pair for pair in args.masks):
        parser.error(f"masks are given as TITLE=DIR, not {' '.join(args.masks)}")


def main(args: argparse.Namespace) -> None:
    """Draw the picture."""
    from ..visualization.pictures import compare, save_png

    prepare_sheet(args.out, "--out")
    masks = dict(pair.split("=", 1) for pair in args.masks)
    root = Path(args.data_root)
    save_png(compare(root / args.images, root / args.truth, masks, args.names, args.scale), Path(args.out))
    print(f"wrote {args.out}")
