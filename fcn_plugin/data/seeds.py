"""Random numbers as a function of the run's seed and position, so that a resumed run draws the same ones.

The state of a generator would also depend on validations, restarts and workers, and would have to be saved.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch.utils.data import get_worker_info


def mix_seed(*numbers: int) -> int:
    """Hash non-negative integers, such as the run's seed and a position, to a 64-bit seed."""
    return int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0])


def seed_all(seed: int) -> None:
    """Seed the generators of Python, NumPy, torch and every device in use."""
    _seed_cpu(seed)
    if torch.cuda.is_initialized() or torch.backends.mps.is_available():
        torch.manual_seed(seed)  # skipped without a device, as it would record its caller's stack each time


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed the CPU generators and restore them afterwards, except in a data loader's worker, where nothing else draws."""
    if get_worker_info() is not None:
        _seed_cpu(seed)
        yield
        return
    before = random.getstate(), np.random.get_state(), torch.get_rng_state()
    _seed_cpu(seed)
    try:
        yield
    finally:
        random.setstate(before[0])
        np.random.set_state(before[1])
        torch.set_rng_state(before[2])


def _seed_cpu(seed: int) -> None:
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.default_generator.manual_seed(seed)
