"""The data sets inside RepeatDataset, ConcatDataset and other wrappers, of a config and built."""

from __future__ import annotations

from collections.abc import Iterator

from mmengine.config import ConfigDict
from mmengine.dataset import BaseDataset, RepeatDataset


def leaf_configs(dataset: ConfigDict) -> Iterator[ConfigDict]:
    """The entries of a config that wrap no other data set, in the order in which they are named."""
    inner = [one for one in (dataset.get("dataset"), *(dataset.get("datasets") or ())) if one is not None]
    if not inner:
        yield dataset
    for one in inner:
        yield from leaf_configs(one)


def leaf_datasets(dataset) -> Iterator[BaseDataset]:
    """The same of a built data set."""
    inner = [getattr(dataset, "dataset", None), *(getattr(dataset, "datasets", None) or ())]
    inner = [one for one in inner if one is not None]
    if not inner:
        yield dataset
    for one in inner:
        yield from leaf_datasets(one)


def unrepeated(dataset):
    """A built data set without the RepeatDataset around it: the same samples once."""
    while isinstance(dataset, RepeatDataset):
        dataset = dataset.dataset
    return dataset
