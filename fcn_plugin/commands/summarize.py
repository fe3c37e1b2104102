"""Print score tables of several runs, or draw their learning curves or their mean IU near boundaries."""

from __future__ import annotations

import argparse

from ..invocation import command


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the nets with their runs, and the pictures."""
    parser.add_argument(
        "--net",
        nargs="+",
        action="append",
        required=True,
        metavar=("TITLE", "DIR"),
        help=f"a net's name and the folders of its runs; repeatable. Tables need metrics.json ({command('test')}), --trimap "
        f"needs limits.json ({command('test')} --limits), --curves the work dirs of training",
    )
    folds = "the runs of a net are folds, in the same order for all nets"
    parser.add_argument("--folds", action="store_true", help=folds)
    parser.add_argument("--curves", metavar="PNG", help="write a plot of mean IU on val by iteration")
    parser.add_argument("--trimap", metavar="PNG", help="plot mean IU by width of the band around true boundaries")


def check_arguments(parser: argparse.ArgumentParser, args: argparse.Namespace) -> None:
    """Refuse a net without a run."""
    for title, *folders in args.net:
        if not folders:
            parser.error(f"--net {title} has no folders: give those of its runs")


def main(args: argparse.Namespace) -> None:
    """Print the tables or draw the plots."""
    nets = {title: folders for title, *folders in args.net}
    if args.curves:
        from ..visualization.curves import draw_curves

        draw_curves(nets, args.curves)
        print(f"wrote {args.curves}")
    if args.trimap:
        from ..visualization.curves import draw_trimaps

        draw_trimaps(nets, args.trimap)
        print(f"wrote {args.trimap}")
    if not args.curves and not args.trimap:
        from ..evaluation.summary import summary

        print(summary(nets, args.folds))
