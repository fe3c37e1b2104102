"""Find entries of a config whose ``type`` is not registered, and name their place before anything is built."""

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
        UserError: ``config-type``; names the entry, its type, and the registered name like it.
    """
    places: list[tuple[Registry, str, Any]] = [
        *((HOOKS, f"default_hooks.{name}", hook) for name, hook in (cfg.get("default_hooks") or {}).items()),
        (HOOKS, "custom_hooks", cfg.get("custom_hooks")),
        *((METRICS, name, cfg.get(name)) for name in ("val_evaluator", "test_evaluator")),
        (TRANSFORMS, "tta_pipeline", cfg.get("tta_pipeline")),
    ]
    schedulers = cfg.get("param_scheduler")
    if isinstance(schedulers, dict) and "type" not in schedulers:  # a dict of lists, for several optimizers
        places += [(PARAM_SCHEDULERS, f"param_scheduler.{name}", value) for name, value in schedulers.items()]
    else:
        places.append((PARAM_SCHEDULERS, "param_scheduler", schedulers))
    for split in ("train", "val", "test"):
        dataset = (cfg.get(f"{split}_dataloader") or {}).get("dataset")
        places += [(TRANSFORMS, *found) for found in _pipelines(f"{split}_dataloader.dataset", dataset)]
    for registry, place, value in places:
        for path, entry in entries(place, value):
            _look_up(registry, path, entry, cfg.filename)


def entries(path: str, value: Any) -> Iterator[tuple[str, dict]]:
    """Yield (place, entry) of an entry or list of entries, and of those inside them: an evaluator's metrics, transforms."""
    if isinstance(value, (list, tuple)):
        for i, each in enumerate(value):
            yield from entries(f"{path}.{i}", each)
    elif isinstance(value, dict):
        if "metrics" not in value:  # an Evaluator holds metrics, and is none
            yield path, value
        for name in ("metrics", "transforms") if value.get("type") != "Albu" else ():  # albumentations' own
            yield from entries(f"{path}.{name}", value.get(name))


def _pipelines(path: str, dataset: Any) -> Iterator[tuple[str, Any]]:
    """Yield (place, pipeline) of a data set and of those that it wraps."""
    if isinstance(dataset, dict):
        yield f"{path}.pipeline", dataset.get("pipeline")
        yield from _pipelines(f"{path}.dataset", dataset.get("dataset"))
        for i, each in enumerate(dataset.get("datasets") or ()):
            yield from _pipelines(f"{path}.datasets.{i}", each)


def _look_up(registry: Registry, path: str, entry: dict, filename: str | None) -> None:
    if "type" not in entry:
        raise UserError("config-type", f"{filename}: {path} has no type: name its class, type='...'")
    name = entry["type"]
    if isinstance(name, str) and registry.get(name) is None:
        meant = nearest(name, [*registry.module_dict, *(registry.parent.module_dict if registry.parent else ())])
        hint = f"did you mean {meant!r}? " if meant else ""
        what = f"{filename}: {path}.type is {name!r}, which is unknown"
        raise UserError("config-type", f"{what}: {hint}Correct it, or add its module to custom_imports")
