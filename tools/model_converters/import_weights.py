#!/usr/bin/env python
"""Bring published weights under this package's names: python tools/model_converters/import_weights.py SRC DST --to CONFIG"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import _common


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Import weights: Caffe (.caffemodel), torchfcn, torchvision, mmpretrain, or a checkpoint of this package."
    )
    parser.add_argument(
        "source", metavar="SRC", help="file, https:// link or torchvision://NAME; its kind is recognised"
    )
    parser.add_argument("target", metavar="DST", help="file to write: .safetensors or .pth")
    parser.add_argument(
        "--to", metavar="CONFIG", dest="config", help="config of the net that the weights are for: checks all"
    )
    parser.add_argument(
        "--images",
        choices=["caffe", "torchvision", "inception"],
        help="what the weights expect where the names mislead: BGR less the mean, RGB of mean and std, RGB of -1..1",
    )
    _common.add_cfg_options(parser)
    _common.add_trust(parser)
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    cfg = _common.load_config(args) if args.config else None

    from fcn_plugin.checkpoints.trust import trusting
    from fcn_plugin.commands.import_weights import import_weights

    with trusting(args.trust_checkpoint):
        lines = import_weights(args.source, args.target, cfg, args.images)
    print("\n".join(lines))


if __name__ == "__main__":
    _common.run(main)
