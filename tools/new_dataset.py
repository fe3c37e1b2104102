#!/usr/bin/env python
"""Make a folder of images and masks ready for training: python tools/new_dataset.py roads --images photos --masks masks"""

import argparse

import _common


def colour(text: str) -> tuple[int, int, int]:
    """R,G,B or #rrggbb."""
    try:
        values = list(bytes.fromhex(text[1:])) if text.startswith("#") else [int(value) for value in text.split(",")]
    except ValueError:
        values = []
    if len(values) != 3 or not all(0 <= value <= 255 for value in values):
        raise argparse.ArgumentTypeError(f"{text} is no colour: give R,G,B, three numbers from 0 to 255, or #rrggbb")
    return tuple(values)


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Find out what the masks are, make train and val lists and write a data set config and an FCN-8s config. "
        "Masks of ids are used as they are; RGB masks, COCO and labelme files are converted to index PNGs. "
        "Source files are only read."
    )
    parser.add_argument("name", metavar="NAME", help="of the data set: letters, digits, _ and -")
    parser.add_argument("--images", required=True, metavar="DIR", help="folder of images, searched in depth")
    parser.add_argument(
        "--masks",
        required=True,
        metavar="PATH",
        help="folder of masks (ids, palette or RGB) or of labelme's files, named as the images; or a COCO file",
    )
    parser.add_argument(
        "--classes", metavar="FILE", help="one class name a line, id 0 first, or a CSV id,name,red,green,blue"
    )
    parser.add_argument(
        "--ignore-ids",
        type=int,
        nargs="*",
        metavar="ID",
        help="ids that are void, none for no void (default: 255, unless masks hold 0 and 255 alone)",
    )
    parser.add_argument(
        "--ignore-colors",
        type=colour,
        nargs="+",
        default=(),
        metavar="R,G,B",
        help="colours of RGB masks that are void",
    )
    parser.add_argument(
        "--mask-suffix", metavar="TEXT", help="what mask names have after the images' (default: found by trying)"
    )
    parser.add_argument("--convert", action="store_true", help="convert index masks too")
    parser.add_argument(
        "--val", type=float, help="share that validates (default: 0.2, or the images' folders train and val)"
    )
    parser.add_argument("--val-list", metavar="FILE", help="names of the images that validate, one a line")
    parser.add_argument("--seed", type=int, default=0, help="of the split (default: 0)")
    parser.add_argument("--allow-missing", action="store_true", help="leave out what has no partner")
    parser.add_argument(
        "--from-scratch", action="store_true", help="a net with batch norm that needs no ImageNet weights"
    )
    parser.add_argument("--out-dir", metavar="DIR", help="lists, class names, converted masks (default: data/NAME)")
    parser.add_argument("--configs-dir", default="configs", metavar="DIR", help="(default: configs)")
    parser.add_argument("--force", action="store_true", help="replace what an earlier call wrote")
    return parser.parse_args()


def main() -> None:
    args = parse_args()

    from fcn_plugin.datatools.new.build import new_dataset
    from fcn_plugin.datatools.new.options import Options

    print(new_dataset(Options(**vars(args))))


if __name__ == "__main__":
    _common.run(main)
