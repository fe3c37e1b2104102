#!/usr/bin/env python
"""Look at what the net will see: python tools/browse_dataset.py configs/fcn8s_vgg16bn_camvid.py --split train"""

import argparse

import _common


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Draw samples of a split as the net receives them, augmented, with their masks laid over them."
    )
    parser.add_argument("config", help="config file, or the name of one in configs/")
    parser.add_argument("--data-root", help="data set folder, for every dataloader")
    parser.add_argument("--split", choices=["train", "val", "test"], default="train", help="(default: train)")
    parser.add_argument(
        "--count",
        type=_common.positive_int,
        default=16,
        help="samples, evenly spread over the split; several draws of each if there are fewer (default: 16)",
    )
    parser.add_argument("--seed", type=int, default=0, help="of the augmentation (default: 0)")
    parser.add_argument("--out", metavar="FILE.png", help="(default: work_dirs/browse/CONFIG-SPLIT.png)")
    _common.add_cfg_options(parser)
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    cfg = _common.load_config(args, runs="browse")

    from fcn_plugin.commands.browse_dataset import browse_dataset

    out = args.out or f"{cfg.work_dir}-{args.split}.png"
    for line in browse_dataset(cfg, args.split, out, args.count, args.seed):
        print(line)
    print(f"wrote {out}")


if __name__ == "__main__":
    _common.run(main)
