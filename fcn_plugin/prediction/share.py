"""How several processes share the inputs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from mmengine.dist import get_dist_info
from torch import distributed

from .sources.inputs import Input

PATIENCE = timedelta(days=30)  # that the first process to end waits for the last one


class Share:
    """The part of this process; make it when the processes have met. Collective: call on every rank."""

    def __init__(self) -> None:
        self.rank, self.count = get_dist_info()
        # on the CPU, and without the run's timeout, which is for steps of a training
        self.group = distributed.new_group(backend="gloo", timeout=PATIENCE) if self.count > 1 else None

    def of(self, inputs: Sequence[Input]) -> list[Input]:
        """Return this process's inputs: each ``count``-th, so videos and files of several pages stay whole."""
        return list(inputs[self.rank :: self.count])

    def gather(self, value: Any) -> list[Any]:
        """Return the values of all processes, in the order of their ranks; waits for them. Collective."""
        values = [value] * self.count
        if self.group is not None:
            distributed.all_gather_object(values, value, self.group)
        return values
