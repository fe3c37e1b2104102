"""Read and check all pairs of all splits in several processes; results are in the order of the files."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from torch.utils.data import DataLoader
from tqdm import tqdm

from ...data.problems import Problem
from ..cores import interrupts_held
from ..encodings import Encodings
from .contents import Contents, read_pair
from .report import Findings, Report
from .sheet import draw_pairs
from .similar import similar
from .splits import Source, Split
from .tally import Colours, Tally

CHUNK = 8  # pairs that a process reads at once


def check_splits(splits: Sequence[Split], sheet: str | Path, jobs: int = 0) -> Report:
    """Read every file of the splits once in ``jobs`` processes (0: this one), and draw sample pairs into the PNG ``sheet``."""
    findings, encodings = Findings(), Encodings()
    colours: Colours = {}
    tallies = [Tally(split, colours) for split in splits]
    sources = [(tally, source) for tally in tallies for source in tally.split.sources]
    for _, source in sources:
        for code, found, paths in source.strays:
            findings.add(Problem(code, os.fsdecode(path), found) for path in paths)
    for number, pair, contents in scan([source for _, source in sources], jobs):
        tally, source = sources[number]
        findings.add(other_bands(os.fsdecode(source.images[pair]), contents, tallies[0]))
        findings.add(tally.add(source, pair, contents))
        if contents.ids.size:
            encodings.add(contents.ids.tolist(), os.fsdecode(source.masks[pair]))
    findings.add(filter(None, (encodings.near_binary(), encodings.mixed())))
    for tally in tallies:
        findings.add([*tally.absent(), *tally.small(), *repeated(tally)])
    findings.add(shared(tallies))
    findings.add(similar(tallies))
    return Report(tallies, findings, draw_pairs(tallies, sheet))


def scan(sources: Sequence[Source], jobs: int = 0) -> Iterator[tuple[int, int, Contents]]:
    """Yield (number of the source, number of the pair in it, contents) for every pair, with a progress bar.

    ``jobs`` processes read (0: this one); the number of results in memory is bounded.
    """
    chunks = [
        (number, range(start, min(start + CHUNK, len(source.images))))
        for number, source in enumerate(sources)
        for start in range(0, len(source.images), CHUNK)
    ]
    # read in the loader's collate_fn, since the default converts arrays to tensors, each with its own file descriptor
    loader: DataLoader[Any] = DataLoader(
        chunks,  # type: ignore[arg-type]  # the stub asks for a Dataset, but any sequence will do
        batch_size=None,
        num_workers=jobs,
        collate_fn=partial(_read, sources),
    )
    with interrupts_held():
        results = iter(loader)
    with tqdm(total=sum(len(source.images) for source in sources), unit="pair", desc="checking") as bar:
        for (number, pairs), contents in zip(chunks, results, strict=True):
            yield from ((number, pair, content) for pair, content in zip(pairs, contents, strict=True))
            bar.update(len(pairs))


def _read(sources: Sequence[Source], chunk: tuple[int, range]) -> list[Contents]:
    source = sources[chunk[0]]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's hints
        return [read_pair(os.fsdecode(source.images[i]), os.fsdecode(source.masks[i]), source.reader) for i in chunk[1]]


def first_of(digests: np.ndarray) -> np.ndarray:
    """Return the number of the first equal row, (N,), for each of (N, 16) bytes."""
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
    """Yield ``image-shared`` for images of other splits that are also in the train split (the first, if there is one)."""
    train = tallies[0]
    for other in tallies[1:] if train.split.name == "train" else ():
        mine, theirs = (np.flatnonzero(tally.sizes.any(1)) for tally in (train, other))
        first = first_of(np.concatenate([train.digests[mine], other.digests[theirs]]))[len(mine) :]
        for i in np.flatnonzero(first < len(mine)):
            yield _duplicate("image-shared", other, theirs[i], train, mine[first[i]])


def other_bands(path: str, contents: Contents, first: Tally) -> Iterator[Problem]:
    """Yield ``image-bands`` for an image whose bands or type differ from the first image's."""
    own, others = contents.bands, first.bands
    if own and others and not own.is_like(others):
        yield Problem("image-bands", path, f"{own}, but {first.path(0)} has {others}")


def _duplicate(code: str, tally: Tally, number: int, other: Tally, twin: int) -> Problem:
    path, same = tally.path(number), other.path(twin)
    found = f"same pixels as {same} of {other.split.name}"
    if path == same:
        found = "listed twice" if tally is other else f"in both {tally.split.name} and {other.split.name}"
    return Problem(code, path, found)
