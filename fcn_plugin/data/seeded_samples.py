"""Augmentation that depends only on a sample's place in the run, not on workers, restarts or the number of processes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mmengine.dataset import InfiniteSampler
from mmengine.dist import get_dist_info
from mmengine.registry import DATA_SAMPLERS
from mmseg.registry import DATASETS
from torch.utils.data import Dataset, Sampler

from .seeds import mix_seed, seeded


class Draw(int):
    """The index of a sample with its ``place`` in the run: (epoch, number within it)."""

    place: tuple[int, int]

    def __new__(cls, index: int, place: tuple[int, int]) -> Draw:
        draw = super().__new__(cls, index)
        draw.place = place
        return draw

    def __reduce__(self) -> tuple[type[Draw], tuple[int, tuple[int, int]]]:
        return Draw, (int(self), self.place)


@DATA_SAMPLERS.register_module()
class PlacedSampler(Sampler[int]):
    """Yield the indices of a sampler (its config) with their places in the sequence over all processes.

    Process r of n gets every n-th index, as in mmengine's samplers, so n processes draw the same samples as a single one with an n
    times larger batch.
    """

    def __init__(self, dataset: Dataset[Any], sampler: dict[str, Any], seed: int | None = None) -> None:
        self.sampler = DATA_SAMPLERS.build(sampler, default_args=dict(dataset=dataset, seed=seed))
        self.rank, self.world_size = get_dist_info()
        self.epoch = self.position = 0
        if hasattr(self.sampler, "skip"):  # without this method mmengine reads batches and drops them
            self.skip = self._skip

    def __iter__(self) -> Iterator[Draw]:
        if not hasattr(self.sampler, "skip"):  # an endless sampler continues where it stopped
            self.position = 0
        for index in self.sampler:
            number = self.position * self.world_size + self.rank
            self.position += 1
            yield Draw(index, (self.epoch, number))

    def __len__(self) -> int:
        return len(self.sampler)

    def set_epoch(self, epoch: int) -> None:
        if hasattr(self.sampler, "set_epoch"):
            self.sampler.set_epoch(epoch)
        self.epoch = epoch

    def _skip(self, samples: int) -> None:
        self.sampler.skip(samples)
        self.position = samples

    def __getattr__(self, name: str) -> Any:
        if name == "sampler":  # not built yet, or being copied
            raise AttributeError(name)
        return getattr(self.sampler, name)


@DATA_SAMPLERS.register_module()
class IndependentDraws(InfiniteSampler):
    """Yield random indices endlessly, with replacement, as the authors' data layers do.

    A draw is a function of the seed and its number in the sequence over all processes, so it does not depend on interruptions or on
    the number of processes.
    """

    def __init__(self, dataset: Dataset[Any], seed: int | None = None) -> None:
        super().__init__(dataset, seed=seed)
        self.position = 0  # draws of this process so far

    def __iter__(self) -> Iterator[int]:
        while True:
            number = self.position * self.world_size + self.rank
            self.position += 1
            yield mix_seed(self.seed, number) % self.size

    def skip(self, num_samples: int) -> None:
        """Skip the first ``num_samples`` draws of this process."""
        self.position = num_samples


@DATASETS.register_module()
class SeededSamples(Dataset[Any]):
    """Wrap a data set (its config) and seed its random transforms with the run's seed and the sample's place."""

    def __init__(self, dataset: dict[str, Any], seed: int = 0) -> None:
        self.dataset = DATASETS.build(dataset)
        self.seed = seed

    def __getitem__(self, index: int) -> Any:
        if not isinstance(index, Draw):
            return self.dataset[index]
        with seeded(mix_seed(self.seed, *index.place)):
            return self.dataset[int(index)]

    def __len__(self) -> int:
        return len(self.dataset)

    def __getattr__(self, name: str) -> Any:
        if name in ("dataset", "datasets"):  # not built yet, or being copied
            raise AttributeError(name)
        return getattr(self.dataset, name)
