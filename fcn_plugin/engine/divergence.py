"""Retry from the last good checkpoint with a lower learning rate after a loss or gradient that is not finite."""

from __future__ import annotations

from itertools import chain

from mmengine.runner import Runner

from ..errors import UserError
from .optim_wrappers import wrappers_of

COUNT = "returns"  # in the message hub, and so in every checkpoint


class Diverged(UserError):
    """A non-finite loss or gradient (loss-nan) in a run that may retry ``most`` times, each with ``factor`` x learning rate."""

    factor: float
    most: int


def lower_rates(runner: Runner, retries: int, factor: float) -> None:
    """Multiply a loaded run's learning rates by ``factor`` for each retry that its checkpoint does not include yet.

    mmengine's schedules compute each value from the previous one, so the lower rate persists.
    """
    notes = runner.message_hub
    more = retries - notes.runtime_info.get(COUNT, 0)
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
    notes.update_info(COUNT, retries)
    rate = groups[0]["lr"]
    runner.logger.warning(f"retry {retries}: the learning rate is {rate:.4g} from step {runner.iter}")
