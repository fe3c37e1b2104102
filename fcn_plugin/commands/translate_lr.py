"""Convert SGD's learning rate and weight decay between a loss summed over pixels and one averaged over them."""

from __future__ import annotations

import argparse

from .options import add_options, load_config

# options that describe the source recipe, by its attribute names
GIVEN = ("reduction", "lr", "batch", "size", "momentum", "weight_decay", "labelled")


def size(text: str) -> tuple[int, int]:
    """Parse ``WxH`` to (W, H)."""
    width, _, height = text.partition("x")
    if not (width.isdecimal() and height.isdecimal()):
        raise argparse.ArgumentTypeError(f"{text!r} is not WxH, such as 500x375")
    return int(width), int(height)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the source recipe and the target's changes."""
    add = parser.add_argument
    add("--config", help="config file or name; the source of all values that are not given")
    add("--from", dest="reduction", choices=["sum", "mean"], help="loss reduction of the source")
    add("--lr", type=float, help="learning rate")
    add("--batch", type=int, help="images per step, of all processes together (default: 1)")
    add("--size", type=size, metavar="WxH", help="size of a training image or crop in pixels")
    add("--momentum", type=float)
    add("--weight-decay", type=float)
    add("--labelled", type=float, metavar="SHARE", help="share of pixels that are not void (default: 1)")
    add("--to", choices=["sum", "mean"], help="loss reduction of the target (default: the other one)")
    add("--to-batch", type=int, metavar="BATCH", help="batch of the target")
    add("--to-size", type=size, metavar="WxH", help="size of the target")
    add("--to-momentum", type=float, metavar="MOMENTUM", help="momentum of the target")
    add_options(parser, "--cfg-options")


def check_arguments(parser: argparse.ArgumentParser, args: argparse.Namespace) -> None:
    """Refuse a recipe that is incomplete."""
    if not args.config:
        if None in (args.reduction, args.lr, args.size):
            parser.error("give --config, or --from, --lr and --size")
        if args.to_momentum is not None and args.momentum is None:
            parser.error("--to-momentum also needs the source's --momentum")
        if args.cfg_options:
            parser.error("--cfg-options needs --config")


def main(args: argparse.Namespace) -> None:
    """Print the recipe, its conversion and the reasons."""
    from ..preflight.loss_reduction import read_recipe
    from ..preflight.sgd_recipe import SGDRecipe, explain, translate

    given = {name: getattr(args, name) for name in GIVEN if getattr(args, name) is not None}
    source = read_recipe(load_config(args), **given) if args.config else SGDRecipe(**given)
    target = translate(source, args.to, batch=args.to_batch, size=args.to_size, momentum=args.to_momentum)
    print("\n".join(explain(source, target)))
