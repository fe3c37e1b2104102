"""Return to the last good checkpoint with a lower learning rate, after a loss or gradient that is not a number."""

from __future__ import annotations

from collections.abc import Iterator

from ..errors import UserError
from .optim_wrappers import wrappers_of

COUNT = "returns"  # in the message hub, and so in every checkpoint


class Diverged(UserError):
    """A step whose loss or gradient is not a number, in a run that may return to a checkpoint (code loss-nan).

    Args:
        message: shown when no return is left.
        factor: of the learning rate at each return.
        most: returns of a run.
    """

    def __init__(self, message: str, factor: float, most: int) -> None:
        super().__init__("loss-nan", message)
        self.factor = factor
        self.most = most


def lower_rates(runner, returns: int, factor: float) -> None:
    """Multiply a loaded run's learning rates by ``factor`` for each return that its checkpoint does not know of yet.

    Schedules of the engine go from each value to the next one, so a lower one is carried on.
    """
    notes = runner.message_hub
    more = returns - notes.runtime_info.get(COUNT, 0)
    if more <= 0:
        return
    for group in _groups(runner.optim_wrapper):
        for name in ("lr", "initial_lr"):
            if name in group:
                group[name] *= factor**more
    for scheduler in _schedulers(runner.param_schedulers):
        if getattr(scheduler, "param_name", None) == "lr":
            scheduler.base_values = [value * factor**more for value in scheduler.base_values]
    notes.update_info(COUNT, returns)
    rate = next(_groups(runner.optim_wrapper))["lr"]
    runner.logger.warning(f"return {returns}: the learning rate goes on at {rate:.4g} from step {runner.iter}")


def _groups(wrapper) -> Iterator[dict]:
    for part in wrappers_of(wrapper):
        yield from part.optimizer.param_groups


def _schedulers(schedulers) -> Iterator:
    for group in (schedulers or {}).values() if isinstance(schedulers, dict) else [schedulers or []]:
        yield from group
