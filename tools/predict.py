#!/usr/bin/env python
"""Predict images: python tools/predict.py CONFIG CHECKPOINT photos/ --out-dir results"""

import argparse

import _common


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Segment images: palette PNG masks and overlays.")
    parser.add_argument("config", help="config file, or the name of one in configs/")
    parser.add_argument("checkpoint", help="checkpoint file (.pth)")
    parser.add_argument("inputs", nargs="+", metavar="INPUT", help="image files, folders or quoted patterns")
    parser.add_argument("--out-dir", required=True, help="masks/ and overlays/ are written there")
    parser.add_argument("--opacity", type=float, default=0.5, help="of the overlays' colours (default: 0.5)")
    _common.add_overrides(parser)
    _common.add_trust(parser)
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    cfg = _common.load_config(args)

    from fcn_plugin.checkpoints.trust import trusting
    from fcn_plugin.commands.predict import predict

    with trusting(args.trust_checkpoint):
        masks = predict(cfg, args.checkpoint, args.inputs, args.out_dir, args.opacity)
    print(f"{len(masks)} masks and overlays in {args.out_dir}")


if __name__ == "__main__":
    _common.run(main)
