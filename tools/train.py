#!/usr/bin/env python
"""Train a config: python tools/train.py configs/fcn8s_vgg16_voc.py"""

import argparse

import _common


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Train a segmentation net from a config.")
    _common.add_config(parser)
    _common.add_launcher(parser)
    parser.add_argument(
        "--resume",
        nargs="?",
        const="auto",
        metavar="auto|PATH",
        help="go on from the work dir's last checkpoint, or from PATH",
    )
    parser.add_argument("--load-from", metavar="PATH", help="start from the weights of this checkpoint")
    parser.add_argument(
        "--adapt-classes",
        action="store_true",
        help="the checkpoint is of another number of classes: train new score layers",
    )
    _common.add_trust(parser)
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    cfg = _common.load_config(args)
    cfg.load_from = args.load_from or cfg.get("load_from")
    if args.load_from:
        cfg.resume = False  # of the config: it would take these weights for a run to go on with
    cfg.adapt_classes = args.adapt_classes or cfg.get("adapt_classes", False)

    from fcn_plugin.checkpoints.trust import trusting
    from fcn_plugin.commands.train import train

    with trusting(args.trust_checkpoint):
        train(cfg, args.resume)


if __name__ == "__main__":
    _common.run(main)
