"""Draw image | truth | one mask per net, one image a row."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..errors import UserError
from .options import at_least


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the data set, the nets' masks and the picture."""
    add = parser.add_argument
    add("data_root", help="folder of the data set")
    add("masks", nargs="+", metavar="TITLE=DIR", help="folder of masks, as tools/test.py --out writes them")
    add("--images", default="JPEGImages", help="folder of the images in it (default: PASCAL VOC's)")
    add("--truth", default="SegmentationClass", help="folder of their masks in it (default: PASCAL VOC's)")
    add("--out", required=True, help="picture to write")
    add("--names", nargs="+", help="images to show, without suffix (default: the first net's first three)")
    add("--scale", type=at_least(1), default=2, help="enlargement (default: 2)")


def check_arguments(parser: argparse.ArgumentParser, args: argparse.Namespace) -> None:
    """Refuse masks without a title."""
    if not all("=" in pair for pair in args.masks):
        parser.error(f"masks are given as TITLE=DIR, not {' '.join(args.masks)}")


def main(args: argparse.Namespace) -> None:
    """Draw the picture."""
    from PIL import Image

    from ..atomic_write import atomic_write
    from ..visualization.pictures import compare

    out = Path(args.out)
    picture_format = Image.registered_extensions().get(out.suffix.lower())
    if picture_format not in Image.SAVE:
        found = out.suffix or "no suffix"
        raise UserError("output-path", f"--out {out}: pictures can't be written as {found!r}; name a .png or .jpg")
    masks = dict(pair.split("=", 1) for pair in args.masks)
    root = Path(args.data_root)
    sheet = compare(root / args.images, root / args.truth, masks, args.names, args.scale)
    with atomic_write(out) as part:
        sheet.save(part, picture_format)
    print(f"wrote {out}")
