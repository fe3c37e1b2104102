"""Access the optimizers of a run, which has one or several."""

from __future__ import annotations

from mmengine.optim import BaseOptimWrapper, OptimWrapper, OptimWrapperDict


def wrappers_of(wrapper: BaseOptimWrapper) -> list[BaseOptimWrapper]:
    """Return the wrapper of each optimizer."""
    return list(wrapper.values()) if isinstance(wrapper, OptimWrapperDict) else [wrapper]


def gathers_gradients(wrapper: BaseOptimWrapper) -> bool:
    """Return whether gradients are being accumulated over iterations; checkpoints don't include them."""
    return any(isinstance(part, OptimWrapper) and not part.should_update() for part in wrappers_of(wrapper))
