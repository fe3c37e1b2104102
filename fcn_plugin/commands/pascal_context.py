"""Convert PASCAL-Context to masks of 59 classes.

Write the masks as PNG to the VOC 2010 folder. After an interruption, run it again to continue.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from .options import at_least


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the archives' locations."""
    add = parser.add_argument
    add("--data-dir", default="data", type=Path, help="folder of the archives, also extracted there (default: data)")
    add("--voc2010", metavar="PATH", help="folder or archive (default: searched in --data-dir)")
    add("--context", metavar="PATH", help="folder or archive (default: searched in --data-dir/pascal-context)")
    add("--jobs", type=at_least(1), help="processes (default: all usable cores)")
    add("--force", action="store_true", help="extract and convert again, replacing existing files")


def main(args: argparse.Namespace) -> None:
    """Find the archives and write the masks."""
    from ..datatools.pascal_context import build_context, find_releases

    trees = find_releases(args.voc2010, args.context, args.data_dir, args.force)
    print("\n".join(build_context(**trees, jobs=args.jobs, force=args.force)))
    print(f"train with --data-root {trees['voc2010']}, e.g. configs/fcn8s_vgg16_context.py")
