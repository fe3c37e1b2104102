"""One function on many files, on all usable cores, with a progress bar."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

from tqdm import tqdm

from ...errors import UserError
from ..cores import map_on_cores, usable_cores

SHOWN = 10  # entries of a message's list

Result = TypeVar("Result")


def on_all_cores(function: Callable[..., Result], tasks: Sequence[tuple], what: str) -> list[Result]:
    """``function(*task)`` of every task, in order.

    Args:
        function: of a module, so that other processes find it.
        tasks: its arguments.
        what: the bar's name.

    Raises:
        UserError: some tasks raised one; holds the first ten messages, a line each.
    """
    with tqdm(total=len(tasks), unit="file", desc=what) as bar:
        results = []
        for result in map_on_cores(partial(_try, function), tasks, usable_cores()):
            results.append(result)
            bar.update()
    faults = [str(result) for result in results if isinstance(result, UserError)]
    if faults:
        raise UserError(f"{len(faults)} of {len(tasks)} files can't be used:\n{listed(faults, chr(10))}")
    return results


def listed(entries: Sequence[str], separator: str = ", ") -> str:
    """The first ten, and how many more there are."""
    more = [f"and {len(entries) - SHOWN} more"] if len(entries) > SHOWN else []
    return separator.join([*entries[:SHOWN], *more])


def _try(function: Callable[..., Result], task: tuple) -> Result | UserError:
    """A broken file does not stop the others: all are told at once."""
    try:
        return function(*task)
    except UserError as error:
        return error
