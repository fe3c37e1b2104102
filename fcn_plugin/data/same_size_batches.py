"""Batches of equally sized images, for evaluation at native size without padding."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from mmengine.dataset import DefaultSampler
from mmengine.registry import DATA_SAMPLERS
from torch.utils.data import BatchSampler

from .images import UnreadableFile, read_header


@DATA_SAMPLERS.register_module()
class SameSizeBatchSampler(BatchSampler):
    """Group a sampler's indices into batches of images with equal height and width, read from the files' headers.

    Args:
        sampler: a sampler over an mmengine data set, without shuffling.
        batch_size: most images per batch.
    """

    def __init__(self, sampler: DefaultSampler, batch_size: int) -> None:
        super().__init__(sampler, batch_size, drop_last=False)
        self.dataset = sampler.dataset
        self.sizes: dict[int, tuple[int, int] | None] = {}

    def __iter__(self) -> Iterator[list[int]]:
        waiting: dict[tuple[int, int] | None, list[int]] = defaultdict(list)
        for index in self.sampler:
            size = self._size(index)
            waiting[size].append(index)
            if size is None or len(waiting[size]) == self.batch_size:
                yield waiting.pop(size)
        yield from waiting.values()

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _size(self, index: int) -> tuple[int, int] | None:
        """Return the size; None for an unreadable file, which gets its own batch so that its loader raises."""
        if index not in self.sizes:
            try:
                self.sizes[index] = read_header(self.dataset.get_data_info(index)["img_path"]).shown
            except UnreadableFile:
                self.sizes[index] = None
        return self.sizes[index]
