#!/usr/bin/env python
"""Put masks of several nets side by side: python tools/compare.py VOC_ROOT FCN-8s=MASKS --out PICTURE"""

import argparse
from pathlib import Path

import _common


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Draw image | truth | one mask per net, one image a row.")
    parser.add_argument("data_root", help="folder of the data set")
    parser.add_argument(
        "masks", nargs="+", metavar="TITLE=DIR", help="folder of masks, as tools/test.py --out writes them"
    )
    parser.add_argument("--images", default="JPEGImages", help="folder of the images in it (default: PASCAL VOC's)")
    parser.add_argument(
        "--truth", default="SegmentationClass", help="folder of their masks in it (default: PASCAL VOC's)"
    )
    parser.add_argument("--out", required=True, help="picture to write")
    parser.add_argument(
        "--names", nargs="+", help="images to show, without suffix (default: the first net's first three)"
    )
    parser.add_argument("--scale", type=_common.positive_int, default=2, help="enlargement (default: 2)")
    args = parser.parse_args()
    if not all("=" in pair for pair in args.masks):
        parser.error(f"masks are given as TITLE=DIR, not {' '.join(args.masks)}")
    return args


def main() -> None:
    args = parse_args()

    from PIL import Image

    from fcn_plugin.atomic_write import atomic_write
    from fcn_plugin.errors import UserError
    from fcn_plugin.visualization.compare import compare

    out = Path(args.out)
    picture_format = Image.registered_extensions().get(out.suffix.lower())
    if picture_format not in Image.SAVE:
        raise UserError(f"--out {out}: pictures can't be written as {out.suffix or 'no suffix'!r}; name a .png or .jpg")
    masks = dict(pair.split("=", 1) for pair in args.masks)
    root = Path(args.data_root)
    sheet = compare(root / args.images, root / args.truth, masks, args.names, args.scale)
    with atomic_write(out) as part:
        sheet.save(part, picture_format)
    print(f"wrote {out}")


if __name__ == "__main__":
    _common.run(main)
