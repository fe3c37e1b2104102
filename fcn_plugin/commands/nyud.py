"""Convert NYUDv2 to images, depth, HHA and labels of 40 classes.

After an interruption, run it again to continue.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from .options import at_least


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the folders and the choice of HHA."""
    add = parser.add_argument
    add(
        "--data-dir", default="data/nyud", type=Path, help="folder of the files and of the results (default: data/nyud)"
    )
    add(
        "--hha",
        nargs="?",
        const="",
        metavar="DIR",
        help="also write HHA, computed from depth or taken from the published images in DIR",
    )
    add("--jobs", type=at_least(1), help="processes (default: all usable cores)")
    add("--force", action="store_true", help="replace existing files")


def main(args: argparse.Namespace) -> None:
    """Write folders and lists."""
    from ..datatools.nyud.build import build_nyud

    hha_dir = Path(args.hha) if args.hha else None
    print("\n".join(build_nyud(args.data_dir, args.hha is not None, hha_dir, args.jobs, args.force)))
    print(f"train with --data-root {args.data_dir}, e.g. configs/reference/fcn32s_vgg16_nyud_color.py")
