"""Random numbers as a function of where a run stands, so that a resumed run draws what it would have drawn.

A generator's state after k steps depends on all that came before: validations, restarts, other workers. A seed made of
(seed of the run, position) does not, and needs no place in a checkpoint.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch.utils.data import get_worker_info


def mix_seed(*numbers: int) -> int:
    """A seed of 64 bits from several non-negative integers; neighbours give unrelated ones."""
    return int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0])


def seed_all(seed: int) -> None:
    """Seed the generators of Python, NumPy, torch and every device in use."""
    _seed_cpu(seed)
    if torch.cuda.is_initialized() or torch.backends.mps.is_available():
        torch.manual_seed(seed)  # on a machine without a device it notes its caller's stack each time


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed the CPU's generators, and put them back as they were; in a data loader's process nobody else draws from them."""
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
