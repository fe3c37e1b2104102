"""Read all pairs of all splits in several processes and check them; results come in the order of the files."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path

from torch.utils.data import DataLoader, Dataset
from tqdm import tqdm

from ...data.problems import Problem
from ..cores import interrupts_held
from .contents import Contents, read_pair
from .overlap import repeated, shared
from .palettes import PaletteCheck
from .report import Findings, Report
from .sheet import draw_pairs
from .splits import Source, Split, unpack
from .tally import Tally

CHUNK = 8  # pairs that a process reads at once


def check_splits(splits: Sequence[Split], sheet: str | Path, jobs: int = 0) -> Report:
    """Read every file of the splits once in ``jobs`` processes (0: this one), and draw some pairs into the PNG ``sheet``."""
    palettes, findings = PaletteCheck(), Findings()
    tallies = [Tally(split, palettes) for split in splits]
    sources = [(tally, source) for tally in tallies for source in tally.split.sources]
    for _, source in sources:
        for code, found, paths in source.strays:
            findings.add(Problem(code, unpack(path), found) for path in paths)
    for number, pair, contents in scan([source for _, source in sources], jobs):
        tally, source = sources[number]
        findings.add(tally.add(source, pair, contents))
    for tally in tallies:
        findings.add([*tally.absent(), *tally.small(), *repeated(tally)])
    findings.add(shared(tallies))
    return Report(tallies, findings, draw_pairs(tallies, sheet))


def scan(sources: Sequence[Source], jobs: int = 0) -> Iterator[tuple[int, int, Contents]]:
    """Yield (number of the source, number of the pair in it, what it holds) of every pair, with a progress bar.

    ``jobs`` processes read, this one if 0; few results wait at a time, however many files there are.
    """
    chunks = _Chunks(sources)
    # collate_fn: the default makes tensors of arrays, each with a file descriptor of its own
    loader = DataLoader(chunks, batch_size=None, num_workers=jobs, collate_fn=list)
    with interrupts_held():
        results = iter(loader)
    with tqdm(total=sum(len(source.images) for source in sources), unit="pair", desc="checking") as bar:
        for (source, pairs), contents in zip(chunks.places, results, strict=True):
            yield from ((source, pair, content) for pair, content in zip(pairs, contents, strict=True))
            bar.update(len(pairs))


class _Chunks(Dataset):
    """Contents of some pairs of one source, by the chunk's number."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self.sources = sources
        self.places = [
            (number, range(start, min(start + CHUNK, len(source.images))))
            for number, source in enumerate(sources)
            for start in range(0, len(source.images), CHUNK)
        ]

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, index: int) -> list[Contents]:
        number, pairs = self.places[index]
        source = self.sources[number]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's hints are of no use here
            return [read_pair(unpack(source.images[i]), unpack(source.masks[i])) for i in pairs]
