"""Images that occur more than once, within a split or across splits, by their pixels and not by their names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from ...data.problems import Problem
from .tally import Tally


def first_of(digests: np.ndarray) -> np.ndarray:
    """(N, 16) bytes -> (N,) the number of the first row that is equal."""
    rows = np.ascontiguousarray(digests).view(np.uint64)
    _, first, group = np.unique(rows, axis=0, return_index=True, return_inverse=True)
    return first[group.ravel()]


def repeated(tally: Tally) -> Iterator[Problem]:
    """Yield ``image-duplicate`` for images that occurred before in the same split."""
    read = np.flatnonzero(tally.sizes.any(1))
    first = first_of(tally.digests[read])
    for i in np.flatnonzero(first != np.arange(len(read))):
        yield _duplicate("image-duplicate", tally, read[i], tally, read[first[i]])


def shared(tallies: Sequence[Tally]) -> Iterator[Problem]:
    """Yield ``image-shared`` for images of other splits that the train split holds too."""
    train = next((tally for tally in tallies if tally.split.name == "train"), None)
    for other in tallies if train else ():
        if other is not train:
            mine, theirs = (np.flatnonzero(tally.sizes.any(1)) for tally in (train, other))
            first = first_of(np.concatenate([train.digests[mine], other.digests[theirs]]))[len(mine) :]
            for i in np.flatnonzero(first < len(mine)):
                yield _duplicate("image-shared", other, theirs[i], train, mine[first[i]])


def _duplicate(code: str, tally: Tally, number: int, other: Tally, twin: int) -> Problem:
    path, same = tally.path(number), other.path(twin)
    found = f"the same pixels as {same} of {other.split.name}"
    if path == same:
        found = "named twice" if tally is other else f"{tally.split.name} and {other.split.name} name it"
    return Problem(code, path, found)
