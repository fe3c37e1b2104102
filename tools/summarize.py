#!/usr/bin/env python
"""Mean and spread over seeds: python tools/summarize.py --net FCN-8s RUN/0/val RUN/1/val --net FCN-32s ..."""

import argparse

import _common


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Print Markdown tables of the scores of several runs, or draw their learning curves."
    )
    parser.add_argument(
        "--net",
        nargs="+",
        action="append",
        required=True,
        metavar=("TITLE", "DIR"),
        help="a net's name and the folders of its runs: with metrics.json (as tools/test.py leaves it) for tables, "
        "work dirs of training for --curves; repeat for each net",
    )
    parser.add_argument("--curves", metavar="PNG", help="draw mean IU on val against the iteration into this file")
    args = parser.parse_args()
    for title, *folders in args.net:
        if not folders:
            parser.error(f"--net {title} names no folder")
    return args


def main() -> None:
    args = parse_args()
    nets = {title: folders for title, *folders in args.net}
    if args.curves:
        from fcn_plugin.visualization.curves import draw_curves

        draw_curves(nets, args.curves)
        print(f"wrote {args.curves}")
    else:
        from fcn_plugin.evaluation.summary import summary

        print(summary(nets))


if __name__ == "__main__":
    _common.run(main)
