"""Prepare a folder of images and masks for training.

Detect the mask format, make train and val lists, and write a data set config and an FCN-8s config. Masks of class ids are used
unchanged; RGB masks, COCO, labelme and other tools' files are converted to index PNGs. Source files are never modified.
"""

from __future__ import annotations

import argparse

from .options import at_least


def colour(text: str) -> tuple[int, int, int]:
    """Parse R,G,B or #rrggbb."""
    try:
        values = list(bytes.fromhex(text[1:])) if text.startswith("#") else [int(value) for value in text.split(",")]
    except ValueError:
        values = []
    if len(values) != 3 or not all(0 <= value <= 255 for value in values):
        raise argparse.ArgumentTypeError(f"not a colour: {text}. Give R,G,B, three numbers from 0 to 255, or #rrggbb")
    red, green, blue = values
    return red, green, blue


class ListFormats(argparse.Action):
    """Print the formats and exit, like ``--help``."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from ..datatools.new.shapes.formats import list_formats

        print(list_formats())
        parser.exit()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the images, the masks, and how to read and split them."""
    add = parser.add_argument
    add("name", metavar="NAME", help="name of the data set: letters, digits, _ and -")
    add("--images", required=True, metavar="DIR", help="folder of images, searched recursively")
    masks = "folder of masks (ids, palette or RGB) or labelme files, named like the images, or of COCO files; or a COCO file"
    several = "; repeat it for several"  # no nargs: NAME may come last
    add("--masks", required=True, action="append", metavar="PATH", help=masks + several)
    add("--format", metavar="NAME", help="format of --masks, one of those that --formats lists: YOLO, CVAT, ...")
    add(
        "--formats",
        action=ListFormats,
        nargs=0,
        default=argparse.SUPPRESS,
        help="list the formats that need --format, and exit",
    )
    add("--boxes", action="store_true", help="label files: draw boxes that have no outline (default: skip them)")
    lines = "label files: draw lines of this width, and points as discs (default: skip both; labelme's own width is 10)"
    add("--line-width", type=float, metavar="PIXELS", help=lines)
    classes = "one class name per line, id 0 first, a CSV id,name,red,green,blue, or CVAT's labelmap.txt"
    add("--classes", metavar="FILE", help=classes)
    ids = "ids that are void; give none for no void (default: 255, unless masks hold only 0 and 255)"
    add("--ignore-ids", type=int, nargs="*", metavar="ID", help=ids)
    colours = "RGB masks: colours that are void"
    add("--ignore-colors", type=colour, nargs="+", default=(), metavar="R,G,B", help=colours)
    two = "gray, JPEG or near-binary masks: two classes, values below VALUE are background (default: 128)"
    add("--threshold", nargs="?", type=float, const=128, metavar="VALUE", help=two)
    nearest = "colour masks as JPEG or with smooth edges: map each pixel to the nearest colour of --classes"
    add("--nearest-colors", action="store_true", help=nearest)
    add("--mask-suffix", metavar="TEXT", help="text that mask names add to image names (default: detected)")
    image_suffix = "text that image names have instead of the mask suffix (default: detected)"
    add("--image-suffix", metavar="TEXT", help=image_suffix)
    add("--per-class", action="store_true", help="merge masks of one class each; suffixes or folders name the classes")
    add("--convert", action="store_true", help="convert index masks too")
    add("--val", type=float, help="validation share (default: 0.2, or the images' folders train and val)")
    add("--val-list", metavar="FILE", help="names of the validation images, one per line")
    add(
        "--folds",
        type=at_least(2),
        metavar="K",
        help="write a config for each of K folds; needs pip install 'fcn-plugin[data]'",
    )
    group = "keep images in one split whose paths give the same match of REGEX, or of its first group: 'patient(\\d+)'"
    add("--group", metavar="REGEX", help=group)
    add("--seed", type=int, default=0, help="seed of the split (default: 0)")
    add("--allow-missing", action="store_true", help="skip images without a mask and masks without an image")
    bands = "train on all bands at full bit depth (default: only if images are not 8-bit RGB or gray)"
    add("--bands", action="store_true", help=bands)
    rgb = "bands to show as red, green and blue, such as 3 2 1 (default: the first three)"
    add("--rgb", type=at_least(1), nargs=3, metavar="BAND", help=rgb)
    nets = "EfficientNet-Lite0 or VGG16 (default: light if fcn-plugin[lite] is installed, else vgg16)"
    add("--net", choices=("light", "vgg16"), help=nets)
    add("--from-scratch", action="store_true", help="no ImageNet weights; VGG16 gets batch norm")
    add("--sigmoid", action="store_true", help="two classes: one output channel and a threshold")
    add("--out-dir", metavar="DIR", help="folder of lists, class names and converted masks (default: data/NAME)")
    add("--configs-dir", default="configs", metavar="DIR", help="folder of the configs (default: configs)")
    add("--force", action="store_true", help="replace the files of an earlier call")


def main(args: argparse.Namespace) -> None:
    """Write the data set and print a report."""
    from ..datatools.new.build import new_dataset
    from ..datatools.new.options import Options

    masks, *more = args.masks
    print(new_dataset(Options(**vars(args) | dict(masks=masks, more_masks=more))))
