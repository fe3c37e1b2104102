"""Seconds of several pieces of work, taken in turn so that a change of the machine's speed meets all alike."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from statistics import median
from typing import TypeVar

import torch

Key = TypeVar("Key")


def seconds(work: Callable[[], object], device: str, now: Callable[[], float] = time.perf_counter) -> float:
    """One call, from a device at rest to a device at rest; ``time.process_time`` as ``now`` counts CPU time."""
    _wait(device)
    start = now()
    work()
    _wait(device)
    return now() - start


def interleaved(
    works: Mapping[Key, Callable[[], object]],
    rounds: int,
    device: str,
    tell: Callable[[], None] = lambda: None,
    now: Callable[[], float] = time.perf_counter,
) -> dict[Key, list[float]]:
    """:func:`seconds` of each in every round, A B C A B C ..., after the callers' warm-up; ``tell`` is called after each."""
    taken: dict[Key, list[float]] = {key: [] for key in works}
    for _ in range(rounds):
        for key, work in works.items():
            taken[key].append(seconds(work, device, now))
            tell()
    return taken


def ratio(baseline: list[float], other: list[float]) -> float:
    """How many times faster the other is: the median over the rounds, each against the same round's baseline."""
    return median(a / b for a, b in zip(baseline, other, strict=True))


def _wait(device: str) -> None:
    if device == "cuda":
        torch.cuda.synchronize()
