"""Join PASCAL VOC 2012 with SBD.

Write the lists trainaug, sbd_train and seg11valid, and SBD's masks as PNG, to the VOC 2012 folder. After an interruption, run it
again to continue.
"""

from __future__ import annotations

import argparse

from .options import at_least


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the archives' locations and how to get them."""
    add = parser.add_argument
    add("--data-dir", default="data", help="folder of the archives, also extracted there (default: data)")
    what = "folder or archive (default: searched in --data-dir)"
    add("--voc2012", metavar="PATH", help=what)
    add("--voc2011", metavar="PATH", help=f"{what}; for seg11valid")
    add("--sbd", metavar="PATH", help=what)
    add("--download", action="store_true", help="download missing archives")
    add("--jobs", type=at_least(1), help="processes (default: all usable cores)")
    add("--force", action="store_true", help="extract and convert again, replacing existing files")


def main(args: argparse.Namespace) -> None:
    """Find the archives and build the lists."""
    from ..datatools.voc_sbd.build import build_voc_sbd
    from ..datatools.voc_sbd.sources import find_trees

    given = dict(voc2012=args.voc2012, voc2011=args.voc2011, sbd=args.sbd)
    trees = find_trees(given, args.data_dir, args.download, args.force)
    print("\n".join(build_voc_sbd(**trees, jobs=args.jobs, force=args.force)))
    print(f"train with --data-root {trees['voc2012']}, e.g. configs/fcn8s_vgg16_vocaug.py")
