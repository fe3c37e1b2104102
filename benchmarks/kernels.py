"""Profile a forward pass or a training step: where its time goes, kernel by kernel.

python -m benchmarks.kernels fcn8s_vgg16_voc --train --dtype bf16 --batch 16 --size 360x480
"""

from __future__ import annotations

import argparse

import torch
from mmengine.registry import init_default_scope
from torch.profiler import ProfilerActivity, profile

from .nets import build, work_of
from .report import markdown_table
from .variants import Variant


def kernel_times(variant: Variant, device: str, calls: int = 5, rows: int = 15) -> str:
    """Return a Markdown table of the operations that take the most time of their own on a device.

    Args:
        variant: net, precision, batch and size.
        device: ``cpu`` or ``cuda``.
        calls: profiled calls, after two that warm up.
        rows: rows of the table.
    """
    init_default_scope("mmseg")
    work = work_of(build(variant, device), variant, device)
    for _ in range(2):
        work()
    activities = [ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if device == "cuda" else [])]
    with profile(activities=activities) as found:
        for _ in range(calls):
            work()
        if device == "cuda":
            torch.cuda.synchronize()
    taken = "self_device_time_total" if device == "cuda" else "self_cpu_time_total"
    events = sorted(found.key_averages(), key=lambda event: getattr(event, taken), reverse=True)
    total = sum(getattr(event, taken) for event in events)
    table = markdown_table(["operation", "ms a call", "share", "times a call"])
    for event in events[:rows]:
        time = getattr(event, taken)
        table.add_row(
            [f"`{event.key[:90]}`", f"{time / 1e3 / calls:.3f}", f"{time / total:.1%}", f"{event.count / calls:g}"]
        )
    return f"{total / 1e3 / calls:.1f} ms a call in all\n\n{table}"


def main() -> None:
    """Parse the command line and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("net", nargs="?", default="fcn8s_vgg16_voc", metavar="CONFIG")
    parser.add_argument("--train", action="store_true", help="a training step in place of a forward")
    parser.add_argument("--dtype", default="fp32", choices=["fp32", "bf16", "fp16"])
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--size", default="375x500", help="HEIGHTxWIDTH in pixels")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cuda" if torch.cuda.is_available() else "cpu")
    args = parser.parse_args()
    height, width = map(int, args.size.split("x"))
    variant = Variant(args.net, dtype=args.dtype, batch=args.batch, size=(height, width), train=args.train)
    print(kernel_times(variant, args.device))


if __name__ == "__main__":
    main()
