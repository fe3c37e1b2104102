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
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    cfg = _common.load_config(args)

    from fcn_plugin.engine import train

    train(cfg, args.resume)


if __name__ == "__main__":
    _common.run(main)
