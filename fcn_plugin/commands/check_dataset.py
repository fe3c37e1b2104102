"""Read every image and mask of a config's splits, or of two folders, and report what is wrong with them.

Exit code 0: no error, 1: warnings with --strict, 2: errors.
"""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import UserError
from ..invocation import command
from .options import DATA, OPTIONS, WORK_DIRS, add_options, load_config, prepare_sheet

if TYPE_CHECKING:
    from mmengine.config import Config

    from ..datatools.check.report import Report


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the config or the folders, and the report options."""
    add = parser.add_argument
    add("config", nargs="?", **OPTIONS["config"])
    add("--images", metavar="DIR", help="folder of images, instead of a config")
    add("--masks", metavar="DIR", help="folder of their masks, with the same names")
    classes = "with --masks: one class name per line, or a CSV id,name[,red,green,blue] (default: list all ids)"
    add("--classes", metavar="FILE", help=classes)
    ids = "with --classes: ids that are not classes (default: 255 unless the file names it)"
    add("--ignore-ids", nargs="*", type=int, metavar="ID", help=ids)
    add("--sheet", metavar="FILE.png", help="picture of sample pairs (default: work_dirs/check/NAME.png)")
    add("--json", metavar="FILE", help="write the report as JSON; - prints it, and nothing else")
    add("--all", action="store_true", help="list up to 1,000 files per finding, not 5")
    add("--strict", action="store_true", help="exit with code 1 if there are warnings")
    add_options(parser, *DATA, "--jobs")


def check_arguments(parser: argparse.ArgumentParser, args: argparse.Namespace) -> None:
    """Refuse options that contradict each other."""
    folders = bool(args.images) + bool(args.masks)
    if bool(args.config) == bool(folders) or folders == 1:
        parser.error("give a config, or both --images and --masks")
    if folders and (args.data_root or args.cfg_options):
        parser.error("--data-root and --cfg-options change a config: they can't be used with --images and --masks")
    if args.config and (args.classes or args.ignore_ids is not None):
        parser.error("--classes and --ignore-ids go with --images and --masks: a config names its own classes")
    if args.json and Path(args.json).is_dir():
        parser.error(f"--json {args.json} is a folder: give a file name, or - for the console")


def main(args: argparse.Namespace) -> None:
    """Check the data and print or write the report."""
    from ..atomic_write import atomic_write, make_dir
    from ..datatools.cores import processes

    jobs = processes(args.jobs)
    if args.json not in (None, "-"):
        make_dir(str(Path(args.json).parent), "--json")
    if args.config:
        cfg = load_config(args, runs="check")
        report = check_dataset(cfg, args.sheet or f"{cfg.work_dir}.png", jobs)
        following = [*command("train").split(), args.config]
        following += ["--data-root", args.data_root] if args.data_root else []
        following += ["--cfg-options", *args.cfg_options] if args.cfg_options else []
    else:
        folder = Path(args.images).resolve()
        sheet = args.sheet or WORK_DIRS / "check" / f"{folder.parent.name}-{folder.name}.png"
        report = check_folders(args.images, args.masks, args.classes, args.ignore_ids, sheet, jobs)
        following = [*command("new_dataset").split(), "NAME", "--images", args.images, "--masks", args.masks]
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
        print(report.text(shlex.join(following), args.all))
    sys.exit(report.exit_code(args.strict))


def check_dataset(cfg: Config, sheet: str | Path, jobs: int = 0) -> Report:
    """Check every image and mask of a config's splits in ``jobs`` processes (0: this one); draw sample pairs into ``sheet``.

    Raises:
        UserError: config-data: no dataloader; output-path: ``sheet`` is not a PNG or can't be written; those of ``prepare``.
    """
    from ..datatools.check.scan import check_splits
    from ..datatools.check.splits import splits_of_config
    from ..preflight.prepare import prepare

    loaders = {name: cfg[f"{name}_dataloader"] for name in ("train", "val", "test") if cfg.get(f"{name}_dataloader")}
    if not loaders:
        raise UserError("config-data", f"{cfg.filename} has no dataloader: inherit one of configs/_base_/datasets")
    prepare(cfg, tuple(loaders))
    prepare_sheet(sheet)
    rgb = (cfg.model.get("data_preprocessor") or {}).get("rgb")
    return check_splits(splits_of_config(loaders, cfg.model.decode_head.num_classes, rgb), sheet, jobs)


def check_folders(
    images: str, masks: str, classes: str | None, ignore_ids: Iterable[int] | None, sheet: str | Path, jobs: int = 0
) -> Report:
    """Check a folder of images and one of masks, paired by ``split_of_folders``; otherwise like :func:`check_dataset`."""
    from ..datatools.check.scan import check_splits
    from ..datatools.check.splits import split_of_folders

    split = split_of_folders(images, masks, classes, ignore_ids)
    prepare_sheet(sheet)
    return check_splits([split], sheet, jobs)
