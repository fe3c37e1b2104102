"""Print tables of the scores of several runs, or draw their learning curves, or their mean IU near boundaries."""

from __future__ import annotations

import argparse

from ..invocation import command


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the nets with their runs, and the picture of the curves."""
    parser.add_argument(
        "--net",
        nargs="+",
        action="append",
        required=True,
        metavar=("TITLE", "DIR"),
        help=f"a net's name and the folders of its runs: with metrics.json (as {command('test')} leaves it) for Markdown tables "
        f"of means and spreads, with limits.json ({command('test')} --limits) for --trimap, work dirs of training for --curves; "
        "repeat for each net",
    )
    folds = "the runs of a net are folds, in one order for all nets"
    parser.add_argument("--folds", action="store_true", help=folds)
    parser.add_argument("--curves", metavar="PNG", help="draw mean IU on val against the iteration into this file")
    parser.add_argument(
        "--trimap", metavar="PNG", help="draw mean IU against the width of the band around true boundaries"
    )


def check_arguments(parser: argparse.ArgumentParser, args: argparse.Namespace) -> None:
    """Refuse a net without a run."""
    for title, *folders in args.net:
        if not folders:
            parser.error(f"--net {title} names no folder")


def main(args: argparse.Namespace) -> None:
    """Print or draw."""
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
