"""Entries of a config whose ``type`` nothing knows, named by their place before anything is built."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mmengine.config import Config
from mmengine.registry import Registry
from mmseg.registry import HOOKS, METRICS, PARAM_SCHEDULERS, TRANSFORMS

from ..errors import UserError
from .spelling import nearest


def check_types(cfg: Config) -> None:
    """Look up the types of hooks, metrics, schedulers and the data sets' transforms.

    Types of models, data sets and optimizers are named where they are built.

    Raises:
        UserError: the entry, its type, and the registered name that it nearly is.
    """
    hooks = cfg.get("default_hooks") or {}
    places: list[tuple[Registry, str, Any]] = [
        *((HOOKS, f"default_hooks.{name}", hook) for name, hook in hooks.items()),
        (HOOKS, "custom_hooks", cfg.get("custom_hooks")),
        (METRICS, "val_evaluator", cfg.get("val_evaluator")),
        (METRICS, "test_evaluator", cfg.get("test_evaluator")),
        *((PARAM_SCHEDULERS, path, entry) for path, entry in _schedulers(cfg.get("param_scheduler"))),
        (TRANSFORMS, "tta_pipeline", cfg.get("tta_pipeline")),
    ]
    for split in ("train", "val", "test"):
        dataset = (cfg.get(f"{split}_dataloader") or {}).get("dataset")
        places += [(TRANSFORMS, *found) for found in _pipelines(f"{split}_dataloader.dataset", dataset)]
    for registry, place, value in places:
        for path, entry in entries(place, value):
            _look_up(registry, path, entry, cfg.filename)


def entries(path: str, value: Any) -> Iterator[tuple[str, dict]]:
    """(place, entry) of a config's entry or list of entries, and of those inside them: an evaluator's metrics, transforms."""
    if isinstance(value, (list, tuple)):
        for i, one in enumerate(value):
            yield from entries(f"{path}.{i}", one)
    elif isinstance(value, dict):
        if "metrics" not in value:  # an Evaluator holds metrics, and is none
            yield path, value
        for name in ("metrics", "transforms") if value.get("type") != "Albu" else ():  # albumentations' own
            yield from entries(f"{path}.{name}", value.get(name))


def _schedulers(value: Any) -> Iterator[tuple[str, Any]]:
    """(place, entry or list): several optimizers have a dict of lists."""
    if isinstance(value, dict) and "type" not in value:
        yield from ((f"param_scheduler.{name}", one) for name, one in value.items())
    else:
        yield "param_scheduler", value


def _pipelines(path: str, dataset: Any) -> Iterator[tuple[str, Any]]:
    """(place, pipeline) of a data set and of those that it wraps."""
    if not isinstance(dataset, dict):
        return
    yield f"{path}.pipeline", dataset.get("pipeline")
    yield from _pipelines(f"{path}.dataset", dataset.get("dataset"))
    for i, one in enumerate(dataset.get("datasets") or ()):
        yield from _pipelines(f"{path}.datasets.{i}", one)


def _look_up(registry: Registry, path: str, entry: dict, filename: str | None) -> None:
    if "type" not in entry:
        raise UserError(f"{filename}: {path} has no type: name its class, type='...'")
    name = entry["type"]
    if not isinstance(name, str) or registry.get(name) is not None:
        return
    meant = nearest(name, _names(registry))
    raise UserError(
        f"{filename}: {path}.type is {name!r}, which is unknown: "
        + (f"did you mean {meant!r}? " if meant else "")
        + "Correct it, or add its module to custom_imports"
    )


def _names(registry: Registry) -> set[str]:
    """Of the registry and those that it falls back on."""
    names = set(registry.module_dict)
    return names | _names(registry.parent) if registry.parent else names
