"""Compare the package's layers for CPUs with torch's: CPU time of one thread, variants in turn, with freed memory kept.

python -m benchmarks.layers fc6 kernels upsampling loss
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from statistics import median

import torch
import torch.nn.functional as F
from prettytable import PrettyTable
from torch import Tensor

from fcn_plugin.allocator import keep_freed_memory
from fcn_plugin.layers.bilinear import BilinearUpsample, crop
from fcn_plugin.layers.rows import row_conv2d
from fcn_plugin.layers.winograd import winograd_weight_gradient
from fcn_plugin.models.losses.strips import StripCrossEntropy

from .clock import interleaved, ratio
from .report import markdown_table

Case = tuple[str, dict[str, Callable[[], object]]]  # torch's way first


def fc6(channels: tuple[int, int] = (512, 4096), size: tuple[int, int] = (12, 16)) -> Iterator[Case]:
    """Yield fc6 (7 x 7) on the map of an image of 500 x 375, and on that of one of 160 x 128."""
    for height, width in (size, (4, 5)):
        x, weight = _random(1, channels[0], height, width), _random(channels[1], channels[0], 7, 7) / 100
        bias, gradient = torch.zeros(channels[1]), _random(1, channels[1], height, width)
        ways = dict(oneDNN=lambda *given: F.conv2d(*given, padding=3), rows=lambda *given: row_conv2d(*given, 3))
        given = x, weight, bias
        yield f"fc6, {height} x {width}", {k: _step(way, given, gradient) for k, way in ways.items()}


def kernels(
    layers: tuple = ((64, 64, 384, 512), (64, 128, 192, 256), (256, 256, 96, 128), (512, 512, 24, 32)),
) -> Iterator[Case]:
    """Yield the kernels' gradient of 3 x 3 convolutions of VGG16 on an image of 500 x 375."""
    for c, k, height, width in layers:
        given = _random(1, k, height, width), _random(1, c, height, width), _random(k, c, 3, 3)
        yield (
            f"3 x 3, {c} -> {k}, {height} x {width}",
            {
                "oneDNN, channels last": lambda given=given: _kernels_gradient(*given),
                "oneDNN, contiguous": lambda given=given: _kernels_gradient(*(t.contiguous() for t in given)),
                "Winograd": lambda given=given: winograd_weight_gradient(given[1], given[0]),
            },
        )


def upsampling(
    maps: tuple = (
        (8, 21, 33, 33, 8, 15, 256, 256),
        (1, 21, 48, 64, 8, 16, 375, 500),
        (1, 21, 24, 32, 16, 32, 375, 500),
        (1, 21, 12, 16, 32, 64, 375, 500),
        (1, 21, 18, 22, 32, 63, 518, 643),
    ),
) -> Iterator[Case]:
    """Yield bilinear upsampling, forward and backward, of maps (N, C, h, w) by a factor with a kernel size, cropped to (H, W)."""
    for n, c, height, width, factor, side, *size in maps:
        layer, x = BilinearUpsample(c, factor, side, (side - factor + 1) // 2), _random(n, c, height, width)
        rows, columns = (layer.axis_matrix(a, 0, b).float() for a, b in zip((height, width), size, strict=True))
        whole = side % 2 == 0  # an even kernel's grid ends half a stride outside the outer scores, an odd one's on them

        def interpolated(x: Tensor, factor=factor, whole=whole) -> Tensor:
            x = F.pad(x, (1, 1, 1, 1))
            sides = [factor * length if whole else factor * (length - 1) + 1 for length in x.shape[2:]]
            return F.interpolate(x, sides, mode="bilinear", align_corners=not whole)

        start = factor if whole else layer.padding[0] + 1
        ways = {
            "transposed convolution": lambda x, layer=layer, size=size: crop(layer(x), 0, size),
            "two matrix products": lambda x, a=rows, b=columns: a @ (x.contiguous() @ b.mT),
            "interpolation": lambda x, i=interpolated, start=start, size=size: crop(i(x), start, size),
        }
        gradient = torch.randn(n, c, *size)
        name = f"upsampling {factor}, kernel {side}, {n} x {c} x {height} x {width}"
        yield name, {k: _step(way, (x,), gradient) for k, way in ways.items()}


def loss(
    maps: tuple = ((8, 21, 33, 33, 256, 256), (1, 21, 48, 64, 375, 500), (4, 150, 65, 65, 512, 512)),
) -> Iterator[Case]:
    """Yield upsampling by 8 and cross entropy of scores (N, C, h, w) for (H, W) pixels, forward and backward."""
    for n, c, height, width, *size in maps:
        layer, x, label = BilinearUpsample(c, 8, 16), _random(n, c, height, width), torch.randint(0, c, (n, *size))

        def full(x: Tensor, layer=layer, label=label, size=tuple(size)) -> Tensor:
            logits = crop(layer(x), 0, size)
            (logits.detach().max(1).indices == label).sum()
            return F.cross_entropy(logits, label, reduction="sum")

        def in_strips(x: Tensor, layer=layer, label=label, size=size) -> Tensor:
            matrices = (layer.axis_matrix(a, 0, b).to(x) for a, b in zip(x.shape[2:], size, strict=True))
            return StripCrossEntropy.apply(x, *matrices, label, x.new_ones(x.shape[1]), 255)[0]

        ways = {"full-resolution logits": full, "strips": in_strips}
        name = f"loss, {n} x {c} x {size[0]} x {size[1]}"
        yield name, {k: _step(way, (x,), torch.ones(())) for k, way in ways.items()}


PARTS = dict(fc6=fc6, kernels=kernels, upsampling=upsampling, loss=loss)


def compare(cases: Iterator[Case], rounds: int) -> PrettyTable:
    """Return a Markdown table: median CPU time of each variant, and the median ratio to torch's in the same round."""
    table = markdown_table(["case", "variant", "ms", "times as fast"], left=2)
    for name, works in cases:
        interleaved(works, 1, "cpu")  # warms up
        taken = interleaved(works, rounds, "cpu", now=time.process_time)
        first = next(iter(taken.values()))
        for key, seconds in taken.items():
            table.add_row([name, key, f"{1e3 * median(seconds):.1f}", f"{ratio(first, seconds):.2f}"])
    return table


def main() -> None:
    """Parse the command line and print a table for each part."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    torch.set_num_threads(1)
    keep_freed_memory()
    for part in args.parts or PARTS:
        print(compare(PARTS[part](), args.rounds), end="\n\n", flush=True)


def _random(*shape: int) -> Tensor:
    return torch.randn(shape).contiguous(memory_format=torch.channels_last)


def _kernels_gradient(gradient: Tensor, x: Tensor, weight: Tensor) -> Tensor:
    options = [[1, 1]] * 3, False, [0, 0], 1, [False, True, False]
    return torch.ops.aten.convolution_backward(gradient, x, weight, None, *options[0], *options[1:])[1]


def _step(way: Callable[..., Tensor], given: tuple[Tensor, ...], gradient: Tensor) -> Callable[[], object]:
    given = tuple(tensor.clone().requires_grad_() for tensor in given)
    return lambda: torch.autograd.grad(way(*given), given, gradient)


if __name__ == "__main__":
    main()
