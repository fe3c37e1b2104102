"""Names and colours of a config's classes."""

from __future__ import annotations

from mmengine.config import ConfigDict
from mmseg.registry import DATASETS

from .class_map import ClassMap
from .leaves import leaf_configs


def dataset_meta(cfg: ConfigDict) -> dict:
    """``classes`` and ``palette`` of the config's test data set, as far as it has them."""
    return declared_meta(next(leaf_configs(cfg.test_dataloader.dataset)))


def declared_meta(dataset: ConfigDict) -> dict:
    """The same of one data set's entry, which wraps no other.

    Raises:
        UserError: its class map contradicts itself.
    """
    meta = {**DATASETS.get(dataset.type).METAINFO, **dataset.get("metainfo", {})}
    if dataset.get("class_map") is not None:
        meta["classes"] = ClassMap.of(dataset.class_map, dataset.get("ignore_ids")).classes
        meta["palette"] = None
    if dataset.get("palette") is not None:
        meta["palette"] = dataset.palette
    return meta
