"""The data sets inside RepeatDataset, ConcatDataset and other wrappers, of a config and built, and the classes they declare."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from mmengine.config import ConfigDict
from mmengine.dataset import BaseDataset, RepeatDataset
from mmseg.registry import DATASETS

from .class_map import ClassMap


def leaf_configs(dataset: ConfigDict) -> Iterator[ConfigDict]:
    """Yield the entries of a config that wrap no other data set, in the order in which they are named."""
    return _leaves(dataset, lambda wrapper, key: wrapper.get(key))


def leaf_datasets(dataset) -> Iterator[BaseDataset]:
    """Yield the built data sets that wrap no other."""
    return _leaves(dataset, lambda wrapper, key: getattr(wrapper, key, None))


def _leaves(dataset, get: Callable) -> Iterator:
    inner = [child for child in (get(dataset, "dataset"), *(get(dataset, "datasets") or ())) if child is not None]
    if not inner:
        yield dataset
    for child in inner:
        yield from _leaves(child, get)


def unrepeated(dataset):
    """Strip RepeatDataset from a built data set: the same samples once."""
    while isinstance(dataset, RepeatDataset):
        dataset = dataset.dataset
    return dataset


def dataset_meta(cfg: ConfigDict) -> dict:
    """``classes`` and ``palette`` of the config's test data set, as far as it has them."""
    return declared_meta(next(leaf_configs(cfg.test_dataloader.dataset)))


def declared_meta(dataset: ConfigDict) -> dict:
    """``classes`` and ``palette`` of a data set's entry that wraps no other; raises ``class-map`` for an invalid map."""
    meta = {**DATASETS.get(dataset.type).METAINFO, **dataset.get("metainfo", {})}
    if dataset.get("class_map") is not None:
        meta["classes"] = ClassMap.of(dataset.class_map, dataset.get("ignore_ids")).classes
        meta["palette"] = None
    if dataset.get("palette") is not None:
        meta["palette"] = dataset.palette
    return meta


def mapped_classes(cfg: ConfigDict) -> int | None:
    """The number of classes of the first class map in a config; None without one."""
    for split in ("train", "val", "test"):
        for dataset in leaf_configs((cfg.get(f"{split}_dataloader") or {}).get("dataset") or {}):
            if dataset.get("class_map") is not None:
                return len(declared_meta(dataset)["classes"])
    return None
