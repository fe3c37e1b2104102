"""One batch that several processes share: a step takes the gradient, and logs the loss, of all their images together.

DDP divides the sum of the gradients of n processes by n. That is the joint batch's gradient where each process's loss is n times
its part of the joint loss; the mean of these losses is the joint loss itself.

All processes have to call these functions, in one order; where no gradient is asked for, as in a validation, each is on its own.
"""

from __future__ import annotations

import torch
from mmengine.dist import all_reduce, get_world_size
from torch import Tensor


def sharing() -> int:
    """n, the processes that share a batch."""
    return get_world_size() if torch.is_grad_enabled() else 1


def joint_sum(count: Tensor) -> Tensor:
    """The sum of the processes' counts; no gradient passes. The count itself where there is one process."""
    if sharing() == 1:
        return count
    total = count.detach().clone()
    all_reduce(total)
    return total


def joint_mean(values: dict[str, Tensor]) -> dict[str, Tensor]:
    """Scalars by name, each the mean over the processes, in one message; a GPU is not waited for."""
    if sharing() == 1:
        return values
    means = joint_sum(torch.stack([value.float() for value in values.values()])) / sharing()
    return dict(zip(values, means.unbind(), strict=True))
