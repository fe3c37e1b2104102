"""Convert NYUDv2 to images, depth, HHA and labels of 40 classes.

Run again after a stop: it goes on.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from .options import at_least


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add where the files are, and whether HHA is wanted."""
    add = parser.add_argument
    add("--data-dir", default="data/nyud", type=Path, help="where the files lie and results go (default: data/nyud)")
    add(
        "--hha",
        nargs="?",
        const="",
        metavar="DIR",
        help="also HHA: computed from depth, or the published images in DIR",
    )
    add("--jobs", type=at_least(1), help="processes (default: all usable cores)")
    add("--force", action="store_true", help="write again what is there")


def main(args: argparse.Namespace) -> None:
    """Write folders and lists."""
    from ..datatools.nyud.build import build_nyud

    hha_dir = Path(args.hha) if args.hha else None
    print("\n".join(build_nyud(args.data_dir, args.hha is not None, hha_dir, args.jobs, args.force)))
    print(f"train with --data-root {args.data_dir}, e.g. configs/reference/fcn32s_vgg16_nyud_color.py")
