"""Compare the optimizer and schedules that a checkpoint holds with those of the run that goes on from it."""

from __future__ import annotations

from typing import Any

import torch
from mmengine.optim import OptimWrapper, OptimWrapperDict
from torch import Tensor

from ..checkpoints.read import Checkpoint
from ..errors import UserError
from .optim_wrappers import wrappers_of


def require_same_states(
    wrapper: OptimWrapper | OptimWrapperDict | dict, schedulers: Any, checkpoint: Checkpoint
) -> None:
    """Raise a UserError (checkpoint-resume) where momenta or schedules would go to others than they were computed for.

    torch compares the numbers of parameters alone: it takes the momenta of other parameters, and those of another optimizer.
    """
    saved, problem = checkpoint.content.get("optimizer"), None
    if saved is not None and isinstance(wrapper, OptimWrapper | OptimWrapperDict):
        names = [*wrapper.keys()] if isinstance(wrapper, OptimWrapperDict) else []
        states = [saved.get(name) for name in names] if names and isinstance(saved, dict) else [saved]
        own = [single.optimizer for single in wrappers_of(wrapper)]
        kinds, types = [type(optimizer).__name__ for optimizer in own], checkpoint.meta.get("optimizers")
        if types not in (None, kinds):
            problem = f"its optimizer is {types}, the config's is {kinds}"
        problem = problem or next(filter(None, map(_difference, own, states)), None)
    count = checkpoint.content.get("param_schedulers")
    if isinstance(count, list) and isinstance(schedulers, list) and len(count) != len(schedulers):
        problem = problem or f"it has {len(count)} schedules, the config has {len(schedulers)}"
    if problem:
        remedy = "Resume with the run's own config, or start from these weights with --load-from"
        raise UserError("checkpoint-resume", f"{checkpoint.path} is of another optimizer: {problem}. {remedy}")


def _difference(optimizer: torch.optim.Optimizer, saved: Any) -> str | None:
    try:
        groups, state = saved["param_groups"], saved["state"]
        sizes = [len(group["params"]) for group in groups]
        places = [(number, group["params"]) for number, group in enumerate(groups)]
        values = {place: dict(state.get(place, {})) for _, numbers in places for place in numbers}
    except (TypeError, KeyError, ValueError, AttributeError):
        return "it holds no groups of parameters and their states"
    own, known = [len(group["params"]) for group in optimizer.param_groups], optimizer.param_groups[0].keys()
    if sizes != own:
        return f"it has groups of {_short(sizes)} parameters, the config's have {_short(own)} (see paramwise_cfg)"
    lacks, others = optimizer.defaults.keys() - groups[0].keys(), groups[0].keys() - known - {"initial_lr"}
    if lacks and others:
        return f"it has {', '.join(sorted(map(str, others)))}, the config's has {', '.join(sorted(lacks))}"
    for number, places_of_group in places:
        for parameter, place in zip(optimizer.param_groups[number]["params"], places_of_group, strict=True):
            for name, value in values[place].items():
                if isinstance(value, Tensor) and value.dim() == parameter.dim() and not _fits(value, parameter):
                    return f"{name} of parameter {place} has shape {tuple(value.shape)}, not {tuple(parameter.shape)}"
    return None


def _fits(value: Tensor, parameter: Tensor) -> bool:
    """Whether a state is of the parameter's shape, or of one number for each row, as Adafactor's."""
    return all(theirs in (1, ours) for theirs, ours in zip(value.shape, parameter.shape, strict=True))


def _short(sizes: list[int]) -> str:
    return f"{len(sizes)} x {sizes[0]}" if len({*sizes}) == 1 else str(sizes[:4])
