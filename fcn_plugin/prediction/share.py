"""Divide the inputs among several processes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from mmengine.dist import get_dist_info
from torch import distributed

from .sources.inputs import Input

PATIENCE = timedelta(days=30)  # how long the first process to finish waits for the last


class Share:
    """This process's share of the inputs. Collective: create it on every rank, after joining the processes."""

    def __init__(self) -> None:
        self.rank, self.count = get_dist_info()
        # on the CPU, with its own timeout, as the run's is for training steps
        self.group: Any = distributed.new_group(backend="gloo", timeout=PATIENCE) if self.count > 1 else None

    def of(self, inputs: Sequence[Input]) -> list[Input]:
        """Return this process's inputs: every ``count``-th, so that a video or multi-page file stays in one process."""
        return list(inputs[self.rank :: self.count])

    def gather(self, value: Any) -> list[Any]:
        """Wait for and return the values of all processes, in the order of ranks. Collective: call on every rank."""
        values = [value] * self.count
        if self.group is not None:
            distributed.all_gather_object(values, value, self.group)
        return values
