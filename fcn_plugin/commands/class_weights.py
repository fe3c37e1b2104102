"""Count the pixels of each class in a split's masks and print median-frequency class weights."""

from __future__ import annotations

import argparse
import math

from .options import DATA, add_options, load_config


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the config, the split and the exponent."""
    add_options(parser, "config", *DATA, "--split", "--jobs")
    power = "exponent of the weights: 1 as published, less for weights closer to equal (default: 1)"
    parser.add_argument("--power", type=float, default=1.0, help=power)


def check_arguments(parser: argparse.ArgumentParser, args: argparse.Namespace) -> None:
    """Refuse a negative or infinite exponent."""
    if not 0 <= args.power < math.inf:
        parser.error(f"--power is {args.power}: give 0 (equal weights) or more")


def main(args: argparse.Namespace) -> None:
    """Print a table of the counts and the line for the config."""
    from ..data.broken_files import check_files
    from ..datatools.class_weights import build_masks, count_pixels, weight_line, weight_table
    from ..datatools.cores import processes
    from ..preflight.prepare import prepare

    cfg = load_config(args)
    prepare(cfg, (args.split,))
    masks = build_masks(cfg[f"{args.split}_dataloader"].dataset)
    check_files(masks)
    head = cfg.model.decode_head
    jobs = processes(args.jobs)
    counts = count_pixels(masks, head.num_classes, head.get("ignore_index", 255), jobs)
    print(weight_table(counts, masks.metainfo.get("classes"), args.power))
    print(weight_line(counts, args.power))
