#!/usr/bin/env python
"""Join PASCAL VOC 2012 with SBD: python tools/dataset_converters/voc_sbd.py [--download]"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import _common


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Build the lists trainaug, sbd_train and seg11valid and SBD's masks as PNG, in the VOC 2012 folder. "
        "Run again after a stop: it goes on."
    )
    parser.add_argument("--data-dir", default="data", help="where archives lie and are extracted to (default: data)")
    what = "folder or archive (default: looked for in --data-dir)"
    parser.add_argument("--voc2012", metavar="PATH", help=what)
    parser.add_argument("--voc2011", metavar="PATH", help=f"{what}; for seg11valid")
    parser.add_argument("--sbd", metavar="PATH", help=what)
    parser.add_argument("--download", action="store_true", help="fetch what is missing; goes on after a stop")
    parser.add_argument("--jobs", type=_common.positive_int, help="processes (default: all usable cores)")
    parser.add_argument("--force", action="store_true", help="extract and convert again what is there")
    return parser.parse_args()


def main() -> None:
    args = parse_args()

    from fcn_plugin.datatools.voc_sbd.build import build_voc_sbd
    from fcn_plugin.datatools.voc_sbd.sources import find_trees

    given = dict(voc2012=args.voc2012, voc2011=args.voc2011, sbd=args.sbd)
    trees = find_trees(given, args.data_dir, args.download, args.force)
    print("\n".join(build_voc_sbd(**trees, jobs=args.jobs, force=args.force)))
    print(f"train with --data-root {trees['voc2012']}, e.g. configs/fcn8s_vgg16_vocaug.py")


if __name__ == "__main__":
    _common.run(main)
