"""Time nets against each other and the machine: python -m benchmarks fcn8s_vgg16_voc --dtype fp32 bf16 --against plain"""

import argparse
import json
from pathlib import Path

import torch

from fcn_plugin.atomic_write import atomic_write, make_dir
from fcn_plugin.commands.options import at_least
from fcn_plugin.commands.run import run
from fcn_plugin.errors import UserError

from .evaluation import evaluation, evaluation_text
from .report import plot, table
from .run import benchmark
from .variants import RIVALS, variants_of


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "python -m benchmarks",
        description="Time nets with random weights in turn; options with several values are combined.",
        epilog="plain: the authors' net as ports run it, 100 px border and all. Rows are compared with the first.",
    )
    add, several, net = parser.add_argument, dict(nargs="+", metavar="V"), "fcn8s_vgg16_voc"
    add("configs", nargs="*", default=[net], metavar="CONFIG", help=f"default: {net}")
    add("--against", nargs="+", default=[], choices=RIVALS, help="rivals, in float32 as their authors run them")
    add("--geometry", nargs="+", default=["aligned"], choices=["aligned", "reference"])
    add("--dtype", nargs="+", default=["fp32"], choices=["fp32", "bf16", "fp16"])
    add("--layout", nargs="+", default=["channels_last"], choices=["channels_last", "contiguous"])
    convs = ["auto", "winograd", "direct"]
    add("--conv", nargs="+", default=["auto"], choices=convs, help="of 3 x 3 kernels")
    add("--compile", nargs="?", const="on", default="off", choices=["on", "off", "both"])
    add("--batch", type=at_least(1), default=[1], **several)
    add("--size", type=size_of, default=[(375, 500)], help="HEIGHTxWIDTH or SIDE in pixels", **several)
    add("--classes", type=at_least(1), default=[21], **several)
    add("--device", choices=["cpu", "cuda"], help="default: the GPU where there is one")
    add("--threads", type=at_least(1), help="of the CPU (default: torch's)")
    add("--rounds", type=at_least(1), default=5, help="timed calls of each (default: 5)")
    add("--no-memory", action="store_true", help="leave the peak memory out: it takes a process a row")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--infer", action="store_true", help="a forward to the logits (default)")
    what.add_argument("--train", action="store_true", help="a training step: forward, backward, SGD with momentum")
    evaluate = "tools/test.py's loop on the test split against bare forwards"
    what.add_argument("--eval", action="store_true", help=evaluate)
    add("--data-root", help="--eval: data set folder")
    add("--images", type=at_least(1), default=20, help="--eval: how many of them (default: 20)")
    add("--json", metavar="FILE", help="write all figures there too")
    add("--plot", metavar="FILE", help="draw seconds and memory against the one input that varies")
    return parser.parse_args()


def size_of(text: str) -> tuple[int, int]:
    sides = [at_least(1)(side) for side in text.lower().split("x")]
    if len(sides) > 2:
        raise argparse.ArgumentTypeError(f"{text!r} is not HEIGHTxWIDTH")
    return sides[0], sides[-1]


def main() -> None:
    args = parse_args()
    for path, option in ((args.json, "--json"), (args.plot, "--plot")):
        if path:  # before minutes of measuring
            make_dir(str(Path(path).parent), option)
    if args.threads:
        torch.set_num_threads(args.threads)
    device = args.device or ("cuda" if torch.cuda.is_available() else "cpu")
    if args.eval:
        result = evaluation(args.configs, args.data_root, args.images, args.rounds, args.dtype[0])
        print(evaluation_text(result))
    else:
        compiled = {"on": [True], "off": [False], "both": [False, True]}[args.compile]
        options = dict(batch=args.batch, size=args.size, classes=args.classes, geometry=args.geometry)
        options |= dict(layout=args.layout, conv=args.conv, dtype=args.dtype, compile=compiled)
        if args.plot and Path(args.plot).suffix.lower() not in (".png", ".svg", ".pdf"):
            raise UserError("output-path", f"--plot {args.plot}: name a .png, .svg or .pdf")
        result = benchmark(
            variants_of(args.configs, args.against, options, args.train), args.rounds, device, not args.no_memory
        )
        print(table(result))
        if args.plot:
            with atomic_write(Path(args.plot)) as part:
                plot(result, part, Path(args.plot).suffix[1:].lower())
    if args.json:
        with atomic_write(Path(args.json)) as part:
            part.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    run(main)
