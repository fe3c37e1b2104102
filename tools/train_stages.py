#!/usr/bin/env python
"""Train FCN-32s, then 16s and 8s from it: python tools/train_stages.py configs/reference/fcn8s_vgg16_voc.py"""

import argparse
import copy

import _common


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Train a net in stages, each from the best checkpoint of the one before. Call it again to go on after a stop."
    )
    _common.add_config(parser, work_dir="work_dirs/stages/CONFIG")
    _common.add_launcher(parser)
    parser.add_argument(
        "--check-images",
        type=_common.positive_int,
        default=32,
        metavar="N",
        help="val images on which a stage must answer as its parent before its first step (default: 32)",
    )
    _common.add_trust(parser)
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    cfg = _common.load_config(args, runs="stages")

    from fcn_plugin.checkpoints.trust import trusting
    from fcn_plugin.commands.stages import stages_of
    from fcn_plugin.commands.train_stages import train_stages
    from fcn_plugin.engine.logging import print_main

    def load(name: str):
        parent = copy.copy(args)
        parent.config = name
        return _common.load_config(parent)

    with trusting(args.trust_checkpoint):
        best = train_stages(stages_of(cfg, load), args.check_images)
    print_main(f"finished: {best}")


if __name__ == "__main__":
    _common.run(main)
