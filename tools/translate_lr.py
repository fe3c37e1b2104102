#!/usr/bin/env python
"""A summed loss's lr as a mean loss's, or back: python tools/translate_lr.py --from sum --lr 1e-10 --size 500x375"""

import argparse

import _common

# the recipe's names of the options that describe it
GIVEN = ("reduction", "lr", "batch", "size", "momentum", "weight_decay", "labelled")


def size(text: str) -> tuple[int, int]:
    """(W, H) of ``WxH``."""
    width, _, height = text.partition("x")
    if not (width.isdecimal() and height.isdecimal()):
        raise argparse.ArgumentTypeError(f"{text!r} is not WxH, such as 500x375")
    return int(width), int(height)


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Translate SGD's learning rate and weight decay between a loss summed over pixels and their mean."
    )
    parser.add_argument("--config", help="config file or name: what is not given is read from it")
    parser.add_argument("--from", dest="reduction", choices=["sum", "mean"], help="the loss that the lr is for")
    parser.add_argument("--lr", type=float, help="learning rate")
    parser.add_argument("--batch", type=int, help="images in a forward pass, those of all processes (default: 1)")
    parser.add_argument("--size", type=size, metavar="WxH", help="of a training image or crop, in pixels")
    parser.add_argument("--momentum", type=float)
    parser.add_argument("--weight-decay", type=float)
    parser.add_argument("--labelled", type=float, metavar="SHARE", help="of the pixels, those not void (default: 1)")
    parser.add_argument("--to", choices=["sum", "mean"], help="the loss that a lr is sought for (default: the other)")
    parser.add_argument("--to-batch", type=int, metavar="BATCH", help="batch of the target")
    parser.add_argument("--to-size", type=size, metavar="WxH", help="size of the target")
    parser.add_argument("--to-momentum", type=float, metavar="MOMENTUM", help="momentum of the target")
    _common.add_cfg_options(parser)
    args = parser.parse_args()
    if not args.config:
        if None in (args.reduction, args.lr, args.size):
            parser.error("give --config, or --from, --lr and --size")
        if args.to_momentum is not None and args.momentum is None:
            parser.error("--to-momentum needs the momentum that it replaces, --momentum")
        if args.cfg_options:
            parser.error("--cfg-options needs --config")
    return args


def main() -> None:
    args = parse_args()
    given = {name: getattr(args, name) for name in GIVEN if getattr(args, name) is not None}
    cfg = _common.load_config(args) if args.config else None

    from fcn_plugin.preflight.loss_reduction import read_recipe
    from fcn_plugin.preflight.sgd_recipe import SGDRecipe, explain, translate

    source = read_recipe(cfg, **given) if cfg else SGDRecipe(**given)
    target = translate(source, args.to, args.to_batch, args.to_size, args.to_momentum)
    print("\n".join(explain(source, target)))


if __name__ == "__main__":
    _common.run(main)
