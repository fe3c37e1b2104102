"""Find the data sets inside RepeatDataset, ConcatDataset and other wrappers, and the classes they declare."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from mmengine.config import ConfigDict
from mmengine.dataset import RepeatDataset
from mmseg.registry import DATASETS

from ..errors import UserError
from .class_map import ClassMap
from .tasks.meta import tasks_meta


def leaf_datasets(dataset: Any) -> Iterator[Any]:
    """Yield the innermost data sets (built ones or config entries) in order."""
    inner = [getattr(dataset, "dataset", None), *(getattr(dataset, "datasets", None) or ())]
    if inner == [None]:
        yield dataset
    for child in inner:
        if child is not None:
            yield from leaf_datasets(child)


def unrepeated(dataset: Any) -> Any:
    """Strip RepeatDataset from a built data set."""
    while isinstance(dataset, RepeatDataset):
        dataset = dataset.dataset
    return dataset


def refuse_multilabel(dataset: ConfigDict, what: str) -> None:
    """Raise ``config-data`` if a data set's entry, or one inside it, loads several maps per image."""
    for leaf in leaf_datasets(dataset):
        for kind, of in (("MultilabelLoadAnnotations", "labels"), ("TasksLoadAnnotations", "tasks")):
            if any(str(step["type"]).endswith(kind) for step in leaf.get("pipeline", ())):
                raise UserError("config-data", f"{what} needs one class per pixel, and this data set has several {of}")


def dataset_meta(cfg: ConfigDict) -> dict[str, Any]:
    """Return ``classes`` and ``palette`` of the config's test data set, if declared."""
    return declared_meta(next(leaf_datasets(cfg.test_dataloader.dataset)))


def declared_meta(dataset: ConfigDict) -> dict[str, Any]:
    """Return ``classes``, ``palette`` and ``tasks`` of an innermost data set; UserError: ``class-map``, ``config-value``."""
    kind = DATASETS.get(dataset.type) if isinstance(dataset.type, str) else dataset.type
    meta = {**getattr(kind, "METAINFO", {}), **dataset.get("metainfo", {})}
    if dataset.get("class_map") is not None:
        meta["classes"] = ClassMap.of(dataset.class_map, dataset.get("ignore_ids")).classes
        meta["palette"] = None
    if (tasks := dataset.get("tasks") or getattr(kind, "TASKS", None)) is not None:
        meta |= tasks_meta(tasks)
    if dataset.get("palette") is not None:
        meta["palette"] = dataset.palette
    return meta


def mapped_classes(cfg: ConfigDict) -> int | None:
    """Return the number of classes of a config's first class map; None if it has none."""
    for split in ("train", "val", "test"):
        for dataset in leaf_datasets((cfg.get(f"{split}_dataloader") or {}).get("dataset") or {}):
            if dataset.get("class_map") is not None:
                return len(declared_meta(dataset)["classes"])
    return None


class Declared(NamedTuple):
    """A data set in a split of a config; ``classes`` is None if not declared."""

    split: str
    entry: ConfigDict
    classes: Sequence[str] | None


def declared_datasets(cfg: ConfigDict, splits: Sequence[str]) -> list[Declared]:
    """List the innermost data sets of splits; UserError: ``config-data`` or ``class-map``."""
    found = []
    for split in splits:
        if cfg.get(f"{split}_dataloader") is None:
            message = f"{cfg.filename} has no {split}_dataloader: inherit one of configs/_base_/datasets or add it"
            raise UserError("config-data", message)
        for entry in leaf_datasets(cfg[f"{split}_dataloader"].dataset):
            try:
                found.append(Declared(split, entry, declared_meta(entry).get("classes")))
            except UserError as error:
                raise error.within(f"{cfg.filename}, {split} data set") from error
    return found
