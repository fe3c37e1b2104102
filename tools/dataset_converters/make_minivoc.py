"""Draw the built-in mini dataset in PASCAL VOC's layout."""

import argparse
import sys
import time


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--out-dir", default="data/minivoc/VOC2012", help="root of the dataset")
    parser.add_argument("--seed", type=int, default=0, help="another seed draws other images")
    parser.add_argument("--train", type=int, default=200, help="number of training images")
    parser.add_argument("--val", type=int, default=50, help="number of validation images")
    parser.add_argument("--size", type=int, nargs=2, metavar=("W", "H"), default=(160, 128), help="in pixels")
    parser.add_argument("--force", action="store_true", help="redraw a mini dataset that is there")
    return parser.parse_args()


def main() -> int:
    args = parse_args()
    # Imported late: the package loads PyTorch, and --help has to answer at once.
    from fcn_plugin.datatools.minivoc.writer import make_minivoc

    start = time.perf_counter()
    try:
        drawn = make_minivoc(args.out_dir, args.seed, args.train, args.val, tuple(args.size), args.force)
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    counts = f"{args.train} train and {args.val} val images in {args.out_dir}"
    if drawn:
        print(f"drew {counts} in {time.perf_counter() - start:.1f} s")
    else:
        print(f"{counts} are there already; --force redraws them")
    return 0


if __name__ == "__main__":
    sys.exit(main())
