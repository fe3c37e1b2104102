"""Return to the last good checkpoint with a lower learning rate, after a loss or gradient that is not a number."""

from __future__ import annotations

from itertools import chain

from ..errors import UserError
from .optim_wrappers import wrappers_of

COUNT = "returns"  # in the message hub, and so in every checkpoint


class Diverged(UserError):
    """A loss or gradient that is not a number (loss-nan) in a run that may return ``most`` times, each with ``factor`` x rate."""

    factor: float
    most: int


def lower_rates(runner, returns: int, factor: float) -> None:
    """Multiply a loaded run's learning rates by ``factor`` for each return that its checkpoint does not know of yet.

    Schedules of the engine go from each value to the next one, so a lower one is carried on.
    """
    notes = runner.message_hub
    more = returns - notes.runtime_info.get(COUNT, 0)
    if more <= 0:
        return
    groups = [group for wrapper in wrappers_of(runner.optim_wrapper) for group in wrapper.optimizer.param_groups]
    for group in groups:
        for name in {"lr", "initial_lr"} & group.keys():
            group[name] *= factor**more
    schedulers = runner.param_schedulers or []
    for scheduler in chain(*schedulers.values()) if isinstance(schedulers, dict) else schedulers:
        if getattr(scheduler, "param_name", None) == "lr":
            scheduler.base_values = [value * factor**more for value in scheduler.base_values]
    notes.update_info(COUNT, returns)
    rate = groups[0]["lr"]
    runner.logger.warning(f"return {returns}: the learning rate goes on at {rate:.4g} from step {runner.iter}")
