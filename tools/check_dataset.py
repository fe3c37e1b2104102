#!/usr/bin/env python
"""Read a whole data set before training on it: python tools/check_dataset.py configs/fcn8s_vgg16bn_camvid.py"""

import argparse
import json
import shlex
import sys
from pathlib import Path

import _common


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Read every image and mask of a config's splits, or of two folders, and say what is wrong with them. "
        "Exit code 0: no error, 1: warnings with --strict, 2: errors."
    )
    parser.add_argument("config", nargs="?", help="config file, or the name of one in configs/")
    parser.add_argument("--data-root", help="data set folder, for every dataloader")
    parser.add_argument("--images", metavar="DIR", help="folder of images, in place of a config")
    parser.add_argument("--masks", metavar="DIR", help="folder of their masks, of the same names")
    parser.add_argument(
        "--classes",
        metavar="FILE",
        help="with --masks: a class name a line, or a CSV id,name[,red,green,blue] (default: all ids are listed)",
    )
    parser.add_argument(
        "--ignore-ids",
        nargs="*",
        type=int,
        metavar="ID",
        help="with --classes: ids that are no class (default: 255 where the file does not name it)",
    )
    parser.add_argument("--sheet", metavar="FILE.png", help="picture of some pairs (default: work_dirs/check/NAME.png)")
    parser.add_argument("--json", metavar="FILE", help="write the report for programs; - prints it, and nothing else")
    parser.add_argument("--all", action="store_true", help="list up to 1,000 files of a kind, not 5")
    parser.add_argument("--strict", action="store_true", help="exit code 1 where there are warnings")
    parser.add_argument("--jobs", type=int, help="processes that read; 0: none but this (default: all usable cores)")
    _common.add_cfg_options(parser)
    args = parser.parse_args()
    folders = bool(args.images) + bool(args.masks)
    if bool(args.config) == bool(folders) or folders == 1:
        parser.error("give a config, or both --images and --masks")
    if folders and (args.data_root or args.cfg_options):
        parser.error("--data-root and --cfg-options change a config: leave them out beside --images and --masks")
    if args.config and (args.classes or args.ignore_ids is not None):
        parser.error("--classes and --ignore-ids are for --images and --masks: a config names its classes itself")
    if args.json and Path(args.json).is_dir():
        parser.error(f"--json {args.json} is a folder: name a file, or - for the console")
    if args.jobs is not None and args.jobs < 0:
        parser.error(f"--jobs is {args.jobs}: give 0 or more")
    return args


def main() -> None:
    args = parse_args()

    from fcn_plugin.atomic_write import atomic_write
    from fcn_plugin.commands.check_dataset import check_dataset, check_folders
    from fcn_plugin.datatools.cores import usable_cores
    from fcn_plugin.preflight.config import make_dir

    jobs = usable_cores() if args.jobs is None else args.jobs
    if args.json not in (None, "-"):
        make_dir(str(Path(args.json).parent), "--json")
    if args.config:
        cfg = _common.load_config(args, runs="check")
        report = check_dataset(cfg, args.sheet or f"{cfg.work_dir}.png", jobs)
        root = ["--data-root", args.data_root] if args.data_root else []
        following = ["tools/train.py", args.config, *root]
    else:
        folder = Path(args.images).resolve()
        sheet = args.sheet or _common.WORK_DIRS / "check" / f"{folder.parent.name}-{folder.name}.png"
        report = check_folders(args.images, args.masks, args.classes, args.ignore_ids, sheet, jobs)
        following = ["tools/new_dataset.py", "NAME", "--images", args.images, "--masks", args.masks]
        following += ["--classes", args.classes] if args.classes else []
        following += ["--ignore-ids", *map(str, args.ignore_ids)] if args.ignore_ids is not None else []
    if args.json:
        text = json.dumps(report.as_dict(), indent=1)
        if args.json == "-":
            print(text)
        else:
            with atomic_write(Path(args.json)) as part:
                part.write_text(text)
    if args.json != "-":
        print(report.text(shlex.join(["python", *following]), args.all))
    sys.exit(report.exit_code(args.strict))


if __name__ == "__main__":
    _common.run(main)
