"""Images that occur more than once, within a split or across, by their pixels and not by their names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from ...data.problems import Problem
from .tally import Tally


def first_of(digests: np.ndarray) -> np.ndarray:
    """(N, 16) bytes -> (N,) the number of the first row that is the same."""
    rows = np.ascontiguousarray(digests).view(np.uint64)
    _, first, group = np.unique(rows, axis=0, return_index=True, return_inverse=True)
    return first[group.ravel()]


def repeated(tally: Tally) -> Iterator[Problem]:
    """Images that occurred before in the same split."""
    read = np.flatnonzero(tally.sizes.any(1))
    first = first_of(tally.digests[read])
    for i in np.flatnonzero(first != np.arange(len(read))):
        yield _same("duplicate image", tally, read[i], tally, read[first[i]])


def shared(tallies: Sequence[Tally]) -> Iterator[Problem]:
    """Images of other splits that the train split holds too."""
    train = next((tally for tally in tallies if tally.split.name == "train"), None)
    for other in tallies:
        if train is None or other is train:
            continue
        mine, theirs = (np.flatnonzero(tally.sizes.any(1)) for tally in (train, other))
        first = first_of(np.concatenate([train.digests[mine], other.digests[theirs]]))[len(mine) :]
        for i in np.flatnonzero(first < len(mine)):
            yield _same("shared image", other, theirs[i], train, mine[first[i]])


def _same(kind: str, tally: Tally, number: int, other: Tally, twin: int) -> Problem:
    path, same = tally.path(number), other.path(twin)
    if path == same:
        return Problem(
            kind, path, f"{tally.split.name} and {other.split.name} name it" if tally is not other else "named twice"
        )
    return Problem(kind, path, f"the same pixels as {same} of {other.split.name}")
