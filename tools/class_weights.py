#!/usr/bin/env python
"""Weigh classes by how rare they are: python tools/class_weights.py configs/fcn8s_vgg16_voc.py"""

import argparse
import math

import _common


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Count the pixels of each class in a split's masks and print median-frequency class weights."
    )
    parser.add_argument("config", help="config file, or the name of one in configs/")
    parser.add_argument("--data-root", help="data set folder, for every dataloader")
    parser.add_argument("--split", choices=["train", "val", "test"], default="train", help="(default: train)")
    parser.add_argument(
        "--power", type=float, default=1.0, help="exponent of the weights: 1 as published, 0.5 milder (default: 1)"
    )
    parser.add_argument(
        "--jobs", type=int, help="processes that read masks; 0: none but this (default: all usable cores)"
    )
    _common.add_cfg_options(parser)
    args = parser.parse_args()
    if not 0 <= args.power < math.inf:
        parser.error(f"--power is {args.power}: give 0 (all classes alike) or more")
    if args.jobs is not None and args.jobs < 0:
        parser.error(f"--jobs is {args.jobs}: give 0 or more")
    return args


def main() -> None:
    args = parse_args()
    cfg = _common.load_config(args)

    from mmengine.registry import init_default_scope

    from fcn_plugin.data.broken_files import check_files
    from fcn_plugin.datatools.class_weights import build_masks, count_pixels, weight_line, weight_table
    from fcn_plugin.datatools.cores import usable_cores
    from fcn_plugin.preflight.config import check_config

    init_default_scope(cfg.get("default_scope", "mmseg"))
    check_config(cfg, (args.split,))
    masks = build_masks(cfg[f"{args.split}_dataloader"].dataset)
    check_files(masks)
    head = cfg.model.decode_head
    jobs = usable_cores() if args.jobs is None else args.jobs
    counts = count_pixels(masks, head.num_classes, head.get("ignore_index", 255), jobs)
    print(weight_table(counts, masks.metainfo.get("classes"), args.power))
    print(weight_line(counts, args.power))


if __name__ == "__main__":
    _common.run(main)
