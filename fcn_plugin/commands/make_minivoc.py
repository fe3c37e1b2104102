"""Draw the built-in mini data set in PASCAL VOC's layout."""

from __future__ import annotations

import argparse
import time

from .options import at_least


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the folder and what to draw."""
    add = parser.add_argument
    add("--out-dir", default="data/minivoc/VOC2012", help="root of the data set (default: data/minivoc/VOC2012)")
    add("--seed", type=at_least(0), default=0, help="seed of the drawings (default: 0)")
    add("--train", type=at_least(1, 500_000), default=200, help="number of training images (default: 200)")
    add("--val", type=at_least(1, 500_000), default=50, help="number of validation images (default: 50)")
    size = "size of an image in pixels (default: 160 128)"
    add("--size", type=at_least(32), nargs=2, metavar=("W", "H"), default=(160, 128), help=size)
    add("--force", action="store_true", help="replace an existing mini data set")


def main(args: argparse.Namespace) -> None:
    """Draw the data set unless it exists."""
    from ..datatools.minivoc.writer import make_minivoc

    start = time.perf_counter()
    drawn = make_minivoc(args.out_dir, args.seed, args.train, args.val, tuple(args.size), args.force)
    counts = f"{args.train} train and {args.val} val images in {args.out_dir}"
    if drawn:
        print(f"drew {counts} in {time.perf_counter() - start:.1f} s")
    else:
        print(f"{counts} exist already; --force redraws them")
