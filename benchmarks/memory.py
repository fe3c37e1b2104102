"""Peak memory of one net at work, weights included, in a process of its own."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import torch

from .variants import Variant

STATUS, CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def peak_mib(variant: Variant, device: str, threads: int) -> float | None:
    """MiB that a net and its work add to a process that has imported everything; None where the system does not tell.

    On a GPU, what torch's allocator handed out at most.
    """
    if device != "cuda" and not STATUS.exists():
        return None
    context = multiprocessing.get_context("spawn")  # a fork would share what this process holds
    with context.Pool(1) as pool:
        return pool.apply(_measure, (variant, device, threads))


def _measure(variant: Variant, device: str, threads: int) -> float:
    from mmengine.registry import init_default_scope

    import fcn_plugin  # noqa: F401  registers what configs name

    from .nets import build, work_of

    init_default_scope("mmseg")
    torch.set_num_threads(threads)
    # the first product and convolution of a process set up libraries, which is nobody's net
    torch.nn.functional.conv2d(torch.randn(1, 8, 8, 8), torch.randn(8, 8, 3, 3)).flatten() @ torch.randn(288)
    before = _resident("VmRSS")
    net = build(variant, device)
    work = work_of(net, variant, device)
    if device == "cuda":
        torch.cuda.reset_peak_memory_stats()
        work()
        return torch.cuda.max_memory_allocated() / 2**20
    # initialisation's copies are no part of the work
    CLEAR.write_text("5")
    work()
    work()
    return (_resident("VmHWM") - before) / 1024


def _resident(field: str) -> int:
    """KiB of a line of the process's status."""
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith(f"{field}:"))
    return int(line.split()[1])
