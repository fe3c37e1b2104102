"""Make a folder of images and masks ready for training.

Find out what the masks are, make train and val lists and write a data set config and an FCN-8s config. Masks of ids are used as
they are; RGB masks, COCO, labelme and other tools' files are converted to index PNGs. Source files are only read.
"""

from __future__ import annotations

import argparse

from .options import at_least


def colour(text: str) -> tuple[int, int, int]:
    """R,G,B or #rrggbb."""
    try:
        values = list(bytes.fromhex(text[1:])) if text.startswith("#") else [int(value) for value in text.split(",")]
    except ValueError:
        values = []
    if len(values) != 3 or not all(0 <= value <= 255 for value in values):
        raise argparse.ArgumentTypeError(f"{text} is no colour: give R,G,B, three numbers from 0 to 255, or #rrggbb")
    return tuple(values)


class ListFormats(argparse.Action):
    """Print the formats and exit, as ``--help`` does."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from ..datatools.new.shapes.formats import list_formats

        print(list_formats())
        parser.exit()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the images, the masks, and how to read and split them."""
    add = parser.add_argument
    add("name", metavar="NAME", help="of the data set: letters, digits, _ and -")
    add("--images", required=True, metavar="DIR", help="folder of images, searched in depth")
    masks = "folder of masks (ids, palette or RGB), of labelme's files, named as the images, or of COCO files; or a COCO file"
    several = "; repeat it for several"  # no nargs: NAME may come last
    add("--masks", required=True, action="append", metavar="PATH", help=masks + several)
    add("--format", metavar="NAME", help="read --masks as a format of --formats: YOLO, CVAT, ...")
    add(
        "--formats",
        action=ListFormats,
        nargs=0,
        default=argparse.SUPPRESS,
        help="list the formats that need --format, and exit",
    )
    add("--boxes", action="store_true", help="label files: draw boxes that have no outline (default: left out)")
    lines = "label files: draw lines this wide, points as discs (default: left out; labelme draws 10)"
    add("--line-width", type=float, metavar="PIXELS", help=lines)
    classes = "one class name a line, id 0 first, a CSV id,name,red,green,blue, or CVAT's labelmap.txt"
    add("--classes", metavar="FILE", help=classes)
    ids = "ids that are void, none for no void (default: 255, unless masks hold 0 and 255 alone)"
    add("--ignore-ids", type=int, nargs="*", metavar="ID", help=ids)
    colours = "colours of RGB masks that are void"
    add("--ignore-colors", type=colour, nargs="+", default=(), metavar="R,G,B", help=colours)
    two = "two classes of gray, JPEG or near-binary masks: values below are background (default: 128)"
    add("--threshold", nargs="?", type=float, const=128, metavar="VALUE", help=two)
    nearest = "each pixel is the nearest colour of --classes: for JPEG or smooth masks of colours"
    add("--nearest-colors", action="store_true", help=nearest)
    add("--mask-suffix", metavar="TEXT", help="what mask names have after the images' (default: found by trying)")
    image_suffix = "what image names have in place of the masks' (default: found by trying)"
    add("--image-suffix", metavar="TEXT", help=image_suffix)
    add("--per-class", action="store_true", help="join masks of one class each: endings or folders name the classes")
    add("--convert", action="store_true", help="convert index masks too")
    add("--val", type=float, help="share that validates (default: 0.2, or the images' folders train and val)")
    add("--val-list", metavar="FILE", help="names of the images that validate, one a line")
    add(
        "--folds",
        type=at_least(2),
        metavar="K",
        help="a config for each of K folds; needs pip install 'fcn-plugin[data]'",
    )
    group = "images stay together whose paths share what REGEX finds, or its first (group), as 'patient(\\d+)'"
    add("--group", metavar="REGEX", help=group)
    add("--seed", type=int, default=0, help="of the split (default: 0)")
    add("--allow-missing", action="store_true", help="leave out what has no partner")
    bands = "train with all bands of the images in full depth (default: where they are no 8-bit RGB or grey)"
    add("--bands", action="store_true", help=bands)
    rgb = "bands that pictures show as red, green and blue, as 3 2 1 (default: the first three)"
    add("--rgb", type=at_least(1), nargs=3, metavar="BAND", help=rgb)
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

    masks, *more = args.masks
    print(new_dataset(Options(**vars(args) | dict(masks=masks, more_masks=more))))
