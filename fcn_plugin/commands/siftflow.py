"""Convert SIFT Flow to masks of 33 semantic and 3 geometric classes.

Write the masks as PNG to the folder of the release. After an interruption, run it again to continue.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from .options import at_least


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the folder of the release."""
    add = parser.add_argument
    folder = "the unpacked SiftFlowDataset.zip with the authors' lists (default: data/sift-flow)"
    add("--root", default="data/sift-flow", type=Path, metavar="DIR", help=folder)
    add("--jobs", type=at_least(1), help="processes (default: all usable cores)")
    add("--force", action="store_true", help="replace existing masks")


def main(args: argparse.Namespace) -> None:
    """Write the masks."""
    from ..datatools.sift_flow import build_sift_flow

    print("\n".join(build_sift_flow(args.root, jobs=args.jobs, force=args.force)))
    print(f"train with --data-root {args.root}, e.g. configs/reference/fcn32s_vgg16_siftflow.py")
