"""Names and colours of a config's classes."""

from __future__ import annotations

from mmengine.config import ConfigDict
from mmseg.registry import DATASETS


def dataset_meta(cfg: ConfigDict) -> dict:
    """``classes`` and ``palette`` of the config's test data set, as far as it has them."""
    dataset = cfg.test_dataloader.dataset
    while "dataset" in dataset or "datasets" in dataset:  # RepeatDataset, ConcatDataset
        dataset = dataset.get("dataset") or dataset.datasets[0]
    return {**DATASETS.get(dataset.type).METAINFO, **dataset.get("metainfo", {})}
