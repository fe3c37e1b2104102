"""Check that data sets joined by ConcatDataset have the same classes; ids and colours of their masks may differ."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mmengine.config import ConfigDict
from mmengine.dataset import ConcatDataset

from ...data.leaves import declared_meta, leaf_datasets
from ...errors import UserError
from ..parameters import class_of

# may differ, since each sample has its own; pictures use the first data set's colours
FREE = ("classes", "palette", "label_map", "reduce_zero_label")


def allow_other_ids(cfg: ConfigDict, split: str) -> None:
    """Let the ConcatDatasets of a split join data sets with different mask ids or colours, which mmengine refuses.

    Raises:
        UserError: config-data: their classes differ.
    """
    for entry in _joins(cfg[f"{split}_dataloader"].dataset):
        (_, first), *others = [(leaf, declared_meta(leaf).get("classes")) for leaf in leaf_datasets(entry)]
        for number, (leaf, classes) in enumerate(others, 2):
            if classes is None or first is None or list(classes) == list(first):
                continue
            pairs = zip(first, classes, strict=False)
            found = next((f"class {i} is {a!r} and {b!r}" for i, (a, b) in enumerate(pairs) if a != b), "")
            found = found or f"{len(first)} and {len(classes)} classes"
            what = f"{cfg.filename}: the {split} data sets 1 and {number} of ConcatDataset differ: {found}"
            raise UserError("config-data", f"{what}: give {leaf.type} the same names in the same order")
        given = entry.get("ignore_keys") or []
        entry.ignore_keys = [*([given] if isinstance(given, str) else given), *FREE]


def _joins(entry: Any) -> Iterator[ConfigDict]:
    if not isinstance(entry, dict):
        return
    kind = class_of(entry.get("type"))
    if kind and issubclass(kind, ConcatDataset) and isinstance(entry.get("datasets"), (list, tuple)):
        yield entry
    for inner in (entry.get("dataset"), *(entry.get("datasets") or ())):
        yield from _joins(inner)
