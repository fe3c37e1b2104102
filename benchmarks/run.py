"""Measure variants in one run: build, warm up, count, time in turn, weigh."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Sequence
from statistics import median

import torch
from mmengine.registry import init_default_scope
from torch import Tensor
from tqdm import tqdm

from fcn_plugin.datatools.cores import usable_cores
from fcn_plugin.errors import UserError

from . import clock, flops, memory
from .nets import build, work_of
from .peak import peak_work
from .variants import Variant, baseline_of, varied

WARM_UPS, LONG = 2, 5.0  # calls, or one of those that take as many seconds


def benchmark(variants: Sequence[Variant], rounds: int = 5, device: str = "cpu", with_memory: bool = True) -> dict:
    """Measure each variant; the first with an input is what the others of that input are compared with.

    Args:
        variants: what to compare.
        rounds: timed calls of each, in turn.
        device: ``cpu`` or ``cuda``.
        with_memory: start a process for each variant that measures its peak memory.

    Returns:
        ``machine`` and ``rows``; a row has ``label``, the options, ``seconds`` (median), ``all_seconds``, ``images_per_s``,
        ``gflop``, ``gflop_per_s``, ``peak_share``, ``peak_mib``, ``ratio``, and for forwards ``difference`` (of logits) and
        ``agreement`` (of label maps) from the baseline's where both have one geometry.

    Raises:
        UserError: a device that is not there, or a net that can't be built.
    """
    if device == "cuda" and not torch.cuda.is_available():
        raise UserError("option-value", "--device cuda: torch sees no GPU here. Remove the option.")
    init_default_scope("mmseg")
    names = varied(variants)
    works, outputs, counts = {}, {}, {}
    bar = tqdm(total=len(variants) * (2 + rounds) + 2 * rounds, unit="step", desc="measuring", leave=False)
    for variant in variants:
        work = work_of(build(variant, device), variant, device)
        counts[variant] = flops.gflop(work)
        for _ in range(WARM_UPS):
            start = time.perf_counter()
            outputs[variant] = work()
            if time.perf_counter() - start > LONG:
                break
        works[variant] = work
        bar.update()
    dtypes = sorted({variant.dtype for variant in variants})
    peaks = {(dtype, i): work for dtype in dtypes for i, work in enumerate(peak_work(dtype, device))}
    for _, work in peaks.values():
        work()
    taken = clock.interleaved(
        {**works, **{key: work for key, (_, work) in peaks.items()}}, rounds, device, lambda: bar.update()
    )
    fastest = {
        dtype: max(g / median(taken[key]) for key, (g, _) in peaks.items() if key[0] == dtype) for dtype in dtypes
    }
    del works
    rows = []
    for variant in variants:
        base = baseline_of(variant, variants)
        middle = median(taken[variant])
        rate = counts[variant] / middle
        row = dict(
            label=variant.label(names),
            **{name: getattr(variant, name) for name in ("net", "geometry", "dtype", "layout", "conv", "compile")},
            batch=variant.batch,
            size=list(variant.size),
            classes=variant.classes,
            seconds=middle,
            all_seconds=taken[variant],
            images_per_s=variant.batch / middle,
            gflop=counts[variant],
            gflop_per_s=rate,
            peak_share=rate / fastest[variant.dtype],
            peak_mib=memory.peak_mib(variant, device, torch.get_num_threads()) if with_memory else None,
            ratio=clock.ratio(taken[base], taken[variant]),
        )
        if not variant.train:
            row |= _compared(outputs, variant, variants)
        rows.append(row)
        bar.update()
    bar.close()
    return dict(machine=_machine(device), peak_gflop_per_s=fastest, rounds=rounds, train=variants[0].train, rows=rows)


def _compared(outputs: dict[Variant, Tensor], variant: Variant, variants: Sequence[Variant]) -> dict:
    """Against the first variant that computes the same function: the plain net's is the authors' geometry."""

    def function(v: Variant) -> tuple:
        net = "fcn8s_vgg16_voc" if v.net == "plain" else v.net
        return net, "reference" if v.net == "plain" else v.geometry, v.batch, v.size, v.classes

    first = next(v for v in variants if function(v) == function(variant))
    if first == variant:
        return dict(difference=None, agreement=None)
    a, b = outputs[first].float(), outputs[variant].float()
    return dict(
        difference=float((a - b).abs().max() / a.abs().max()),
        agreement=float((a.argmax(1) == b.argmax(1)).float().mean()),
    )


def _machine(device: str) -> dict:
    return dict(
        processor=torch.cuda.get_device_name() if device == "cuda" else _cpu_name(),
        vectors=torch.backends.cpu.get_cpu_capability(),
        cores=usable_cores(),
        threads=torch.get_num_threads(),
        load=os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        torch=torch.__version__,
        device=device,
    )


def _cpu_name() -> str:
    try:
        with open("/proc/cpuinfo") as file:
            return next(line.split(":")[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
