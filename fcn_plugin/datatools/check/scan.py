"""Read all pairs of all splits in several processes; results come in the order of the files."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence

from torch.utils.data import DataLoader, Dataset
from tqdm import tqdm

from ..cores import interrupts_held
from .contents import Contents, read_pair
from .splits import Source, unpack

CHUNK = 8  # pairs that a process reads at once


def scan(sources: Sequence[Source], jobs: int = 0) -> Iterator[tuple[int, int, Contents]]:
    """Read every pair, with a progress bar; few results wait at a time, however many files there are.

    Args:
        sources: what to read.
        jobs: processes that read; 0 reads in this one.

    Yields:
        (number of the source, number of the pair in it, what it holds).
    """
    chunks = _Chunks(sources)
    loader = DataLoader(chunks, batch_size=None, num_workers=jobs, collate_fn=_as_it_is)
    with interrupts_held():
        results = iter(loader)
    with tqdm(total=sum(len(source.images) for source in sources), unit="pair", desc="checking") as bar:
        for (source, pairs), contents in zip(chunks.places, results, strict=True):
            for pair, content in zip(pairs, contents, strict=True):
                yield source, pair, content
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
            warnings.simplefilter("ignore")  # what Pillow hints at is of no account here
            return [read_pair(unpack(source.images[i]), unpack(source.masks[i])) for i in pairs]


def _as_it_is(contents: list[Contents]) -> list[Contents]:
    """The default makes tensors of arrays, each with a file descriptor of its own."""
    return contents
