"""Compare the optimizer and schedules that a checkpoint holds with those of the run that goes on from it."""

from __future__ import annotations

from itertools import chain
from typing import Any

from mmengine.optim import OptimWrapper, OptimWrapperDict
from torch import Tensor
from torch.optim import Optimizer

from ..checkpoints.read import Checkpoint
from ..errors import UserError
from .optim_wrappers import wrappers_of


def require_same_states(
    wrapper: OptimWrapper | OptimWrapperDict | dict, schedulers: Any, checkpoint: Checkpoint
) -> None:
    """Raise a UserError (checkpoint-resume) where momenta or schedules would go to others than they were computed for.

    torch compares numbers of parameters alone: it takes the momenta of other parameters, and those of another optimizer.
    """
    saved, schedules = (checkpoint.content.get(name) for name in ("optimizer", "param_schedulers"))
    problems = []
    if saved is not None and isinstance(wrapper, OptimWrapper | OptimWrapperDict):
        own = [single.optimizer for single in wrappers_of(wrapper)]
        names, given = [type(optimizer).__name__ for optimizer in own], checkpoint.meta.get("optimizers")
        if given not in (None, names):
            problems.append(f"it has {given}, the config {names}")
        try:
            states = [saved[name] for name, _ in wrapper.items()] if isinstance(wrapper, OptimWrapperDict) else [saved]
            problems += filter(None, map(_difference, own, states))
        except (TypeError, KeyError, ValueError, AttributeError):
            problems.append("it holds no groups of parameters and their states")
    if isinstance(schedules, list) and isinstance(schedulers, list) and len(schedules) != len(schedulers):
        problems.append(f"it has {len(schedules)} schedules, the config has {len(schedulers)}")
    if problems:
        remedy = "Resume with the run's own config, or start from these weights with --load-from"
        raise UserError("checkpoint-resume", f"{checkpoint.path} is of another optimizer: {problems[0]}. {remedy}")


def _difference(optimizer: Optimizer, saved: dict) -> str | None:
    places, own = [group["params"] for group in saved["param_groups"]], optimizer.param_groups
    counts = [[len(places_of_group) for places_of_group in places], [len(group["params"]) for group in own]]
    if counts[0] != counts[1]:
        theirs, ours = (f"{len(sizes)} groups of {str(sizes[:4])[1:-1]}" for sizes in counts)
        return f"it has {theirs} parameters, the config {ours} (see paramwise_cfg)"
    names = saved["param_groups"][0].keys() - {"initial_lr"}
    lacks, more = optimizer.defaults.keys() - names, names - own[0].keys()
    if lacks and more:  # releases of torch add a name, or take one away
        return f"it has {', '.join(sorted(more))}, the config's has {', '.join(sorted(lacks))}"
    weights = chain.from_iterable(group["params"] for group in own)
    for place, weight in zip(chain.from_iterable(places), weights, strict=True):
        for name, value in saved["state"].get(place, {}).items():
            same = not isinstance(value, Tensor) or value.dim() != weight.dim()
            # Adafactor has one number for each row
            if not same and any(
                theirs not in (1, ours) for theirs, ours in zip(value.shape, weight.shape, strict=True)
            ):
                return f"{name} of parameter {place} has shape {tuple(value.shape)}, not {tuple(weight.shape)}"
    return None
