#!/usr/bin/env python
"""Evaluate a checkpoint: python tools/test.py configs/fcn8s_vgg16_voc.py CHECKPOINT"""

import argparse

import _common


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Evaluate a checkpoint on the config's test split.")
    _common.add_config(parser)
    parser.add_argument("checkpoint", help="checkpoint file (.pth)")
    _common.add_launcher(parser)
    parser.add_argument("--out", metavar="DIR", help="write predicted masks as palette PNGs")
    parser.add_argument("--show-dir", metavar="DIR", help="write panels: image | truth | prediction")
    parser.add_argument("--tta", action="store_true", help="average over flips and scales")
    _common.add_trust(parser)
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    cfg = _common.load_config(args)

    from fcn_plugin.checkpoints.trust import trusting
    from fcn_plugin.commands.test import test

    with trusting(args.trust_checkpoint):
        test(cfg, args.checkpoint, masks=args.out, pictures=args.show_dir, tta=args.tta)


if __name__ == "__main__":
    _common.run(main)
