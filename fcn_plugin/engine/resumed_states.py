"""Compare a checkpoint's optimizer and schedules with those of the run that resumes from it."""

from __future__ import annotations

import logging
import math
from itertools import chain
from typing import Any

from mmengine.logging import print_log
from mmengine.optim import OptimWrapper, OptimWrapperDict
from torch import Tensor
from torch.optim import LBFGS, Optimizer

from ..checkpoints.read import Checkpoint
from ..errors import UserError
from .divergence import COUNT
from .optim_wrappers import wrappers_of

FREE = ("verbose", "foreach", "fused")  # don't change results: the config's values apply
STEPS, RATES = ("last_step", "_global_step"), ("base_values", "_last_value")  # of a schedule; they change during a run
NUMBERS = ("best", "num_bad_epochs", "cooldown_counter")  # of a schedule that depends on a score
FROM_END = {"total_iters", "T_max"}  # derived from a schedule's end
SCALARS = ("step", "eta", "mu", "mu_product")  # of a parameter's state; other entries have the parameter's shape


def require_same_states(
    wrapper: OptimWrapper | OptimWrapperDict | dict[str, Any],
    schedulers: Any,
    checkpoint: Checkpoint,
    entries: Any = None,
) -> None:
    """Raise a UserError (checkpoint-resume) if momenta, rates or schedules differ from those that this run would have.

    torch and mmengine load what the file has, even momenta of other parameters or another optimizer, and settings that replace the
    config's. Settings that this function removes from the file's state keep the config's values. A schedule without an end in the
    config, which ends with the run, keeps the end of the shorter run in the file.
    """
    content: Any = checkpoint.content
    notes = content.get("message_hub", {}).get("runtime_info", {})
    own = schedulers if isinstance(schedulers, dict) else {"": schedulers or []}
    saved, schedules = content.get("optimizer"), content.get("param_schedulers")
    problems = []
    try:
        if "optimizer" in content and isinstance(wrapper, OptimWrapper | OptimWrapperDict):
            wrappers = wrappers_of(wrapper)
            names, given = [type(each.optimizer).__name__ for each in wrappers], checkpoint.meta.get("optimizers")
            if given not in (None, names):
                problems.append(f"it has {given}, the config has {names}")
            states = [saved[name] for name, _ in wrapper.items()] if isinstance(wrapper, OptimWrapperDict) else [saved]
            for each, state in zip(wrappers, states, strict=True):
                problems += filter(None, [_difference(each.optimizer, state)])
                problems += [] if problems else _other_settings(each, state, bool(notes.get(COUNT)))
        if "param_schedulers" in content:
            theirs = schedules if isinstance(schedules, dict) else {"": schedules}
            sizes = [{name: len(each) for name, each in of.items()} for of in (theirs, own)]
            if sizes[0] != sizes[1]:
                counts = [sum(size.values()) for size in sizes]
                problems.append(f"it has {counts[0]} schedules, the config has {counts[1]}")
            for name, built in own.items() if not problems else ():
                entry = entries.get(name, entries) if isinstance(entries, dict) else entries
                each_entry = entry if isinstance(entry, list) else [entry or {"end": None}] * len(built)
                for number, (ours, state) in enumerate(zip(built, theirs[name], strict=True)):
                    _keep_end(ours, state, each_entry[number])
                    where = f"param_scheduler.{f'{name}.' if name else ''}{number}"
                    problems += _other_schedule(ours, state, where, checkpoint.meta["iter"], bool(notes.get(COUNT)))
    except (TypeError, KeyError, IndexError, ValueError, AttributeError, RuntimeError):
        problems.append("its optimizer or schedules have an unknown structure")
    if problems:
        remedy = "Resume with the run's own values (train_cfg may be longer), or start a new run with --load-from"
        raise UserError(
            "checkpoint-resume", f"can't resume {checkpoint.path} with this config: {problems[0]}. {remedy}"
        )


def _other_settings(wrapper: OptimWrapper, saved: dict[str, Any], returned: bool) -> list[str]:
    """List settings in which the file's groups differ from the config's; after a retry, learning rates may differ."""
    groups, problems, strict = [*saved["param_groups"]], [], _is_of_torch(wrapper.optimizer)
    if wrapper.base_param_settings is None:
        saved.pop("base_param_settings", None)
    elif "base_param_settings" in saved:
        groups.append(saved["base_param_settings"])
    for number, (ours, theirs) in enumerate(zip(wrapper.param_groups, groups)):  # noqa: B905 (older files lack the last one)
        moving = {name.removeprefix("initial_") for name in ours if name.startswith("initial_")}
        for name in [name for name in ours if name != "params"]:
            value = ours[name]
            rate = name in moving or (returned and name in ("lr", "initial_lr"))
            if name == "betas" and "momentum" in moving:  # the momentum is betas[0]
                theirs[name] = (theirs["momentum"], value[1])
            elif name in FREE or (name not in theirs and not rate):
                theirs[name] = value
            elif type(theirs.get(name)) is type(value) and not strict and "lr" not in name and name != "weight_decay":
                continue  # other optimizers may keep counters in their groups
            elif not (_is_rate(theirs.get(name), value) if rate else _same(theirs[name], value)):
                setting = f"{name.removeprefix('initial_')} of group {number}"
                problems.append(f"{setting} is {theirs.get(name)!r:.80}, the config's is {value!r:.80}")
    return problems


def _keep_end(scheduler: Any, saved: dict[str, Any], entry: dict[str, Any]) -> None:
    """Let a schedule end where it ended in the file; mmengine would let one without its own end finish with the run."""
    end, own = saved["end"], vars(scheduler)
    if "end" in entry or type(end) is not int or not own["begin"] < end < own["end"]:
        return
    kept = f"{type(scheduler).__name__} ends after {end}, as when the run began, and keeps its last value"
    print_log(f"{kept}: for another schedule start a run with --load-from", "current", logging.WARNING)
    for name in FROM_END & own.keys() - entry.keys():
        own[name] -= own["end"] - end
    own["end"] = end


def _other_schedule(scheduler: Any, saved: dict[str, Any], where: str, steps: int, returned: bool) -> list[str]:
    """List settings in which a file's schedule differs from the config's."""
    own, engines, problems = scheduler.state_dict(), type(scheduler).__module__.startswith("mmengine."), []
    for name in [*saved]:
        if name not in own or callable(own[name]) or name in FREE:
            del saved[name]
    own = {name: own[name] for name in ("end", *own) if name in saved or name in (*STEPS, *RATES)}
    for name in own:  # the end first, since other settings depend on it
        value, ours = saved[name], own[name]
        if name in STEPS:
            fits = type(value) is int and -1 <= value <= steps
        elif name in RATES and (returned or name != "base_values"):
            fits = len(value) == len(ours) and all(map(_is_rate, value, ours))
        elif name in NUMBERS:
            fits = value is None or isinstance(value, int | float)
        else:
            fits = _same(value, ours) or (not engines and type(value) is type(ours))  # others may keep counters
        if not fits:
            problems.append(f"{where}.{name} is {value!r:.80}, the config's is {ours!r:.80}")
    return problems


def _is_of_torch(optimizer: Optimizer) -> bool:
    return type(optimizer).__module__.startswith("torch.") and not isinstance(optimizer, LBFGS)


def _is_rate(value: Any, ours: Any) -> bool:
    if isinstance(ours, Tensor):
        return isinstance(value, Tensor) and value.shape == ours.shape and bool((value >= 0).all())
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < math.inf


def _same(value: Any, ours: Any) -> bool:
    if isinstance(ours, Tensor):
        return isinstance(value, Tensor) and value.shape == ours.shape and bool((value.cpu() == ours.cpu()).all())
    return not isinstance(value, Tensor) and value == ours


def _difference(optimizer: Optimizer, saved: dict[str, Any]) -> str | None:
    places, own = [group["params"] for group in saved["param_groups"]], optimizer.param_groups
    counts = [[len(places_of_group) for places_of_group in places], [len(group["params"]) for group in own]]
    if counts[0] != counts[1]:
        theirs, ours = (f"{len(sizes)} groups of {str(sizes[:4])[1:-1]}" for sizes in counts)
        return f"it has {theirs} parameters, the config has {ours} (see paramwise_cfg)"
    names = saved["param_groups"][0].keys() - {"initial_lr"}
    lacks, more = optimizer.defaults.keys() - names, names - own[0].keys()
    if lacks and more:  # torch releases only add or only remove names
        return f"it has {', '.join(sorted(more))}, the config's has {', '.join(sorted(lacks))}"
    weights = chain.from_iterable(group["params"] for group in own)
    strict = _is_of_torch(optimizer)
    for place, weight in zip(chain.from_iterable(places), weights, strict=True):
        for name, value in saved["state"].get(place, {}).items():
            if not _is_state(name, value, weight, strict):
                what = tuple(value.shape) if isinstance(value, Tensor) else repr(value)[:80]
                return f"{name} of parameter {place} is {what}, not {tuple(weight.shape)}"
    return None


def _is_state(name: str, value: Any, weight: Tensor, strict: bool) -> bool:
    """Return whether a state fits a parameter: same shape, or one value per row for Adafactor; non-torch states may be anything."""
    if isinstance(value, Tensor) and value.dim() == weight.dim() and name not in SCALARS:
        fits = all(theirs in (1, ours) for theirs, ours in zip(value.shape, weight.shape, strict=True))
        return fits and (not strict or (value.is_floating_point() and (value.shape == weight.shape or "_var" in name)))
    if not strict or (value is None and name == "momentum_buffer"):
        return True
    return name in SCALARS and (value.numel() == 1 if isinstance(value, Tensor) else isinstance(value, int | float))
