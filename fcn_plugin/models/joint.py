"""Sums and means over the processes that share a batch.

A step uses the gradient and logs the loss of the images of all processes together. DDP divides the sum of the gradients of n
processes by n. This is the joint batch's gradient if each process's loss is n times its part of the joint loss; the mean of
these losses is the joint loss itself.

Collective in training: call all functions and losses on every rank, in the same order. Without gradients, processes do not share.
"""

from __future__ import annotations

import torch
from mmengine.dist import all_reduce, get_world_size
from torch import Tensor


def sharing() -> int:
    """Return the number of processes that share a batch."""
    return get_world_size() if torch.is_grad_enabled() else 1


def joint_sum(count: Tensor) -> Tensor:
    """Return the sum of the processes' counts, without gradient; for a single process, its count."""
    if sharing() == 1:
        return count
    total = count.detach().clone()
    all_reduce(total)
    return total


def joint_mean(values: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return each scalar's mean over the processes, with one message and without waiting for a GPU."""
    if sharing() == 1:
        return values
    means = joint_sum(torch.stack([value.float() for value in values.values()])) / sharing()
    return dict(zip(values, means.unbind(), strict=True))
