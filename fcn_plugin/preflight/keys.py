"""Check keys, types and numbers of a config: mmengine ignores unknown keys, and fails late on the others."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from typing import Any

from mmengine.config import Config
from mmengine.registry import Registry
from mmseg.registry import DATASETS, HOOKS, METRICS, OPTIMIZERS, PARAM_SCHEDULERS, TRANSFORMS

from ..errors import UserError
from ..evaluation.confusion import SCORE_NAMES
from .parameters import misfit
from .shapes import READ
from .spelling import nearest

# of mmengine's Runner.register_default_hooks
DEFAULT_HOOKS = ("runtime_info", "timer", "sampler_seed", "logger", "param_scheduler", "checkpoint")


def check_keys(cfg: Config, splits: Sequence[str] = ("train", "val", "test")) -> None:
    """Refuse near misses of names that are read, and types that nobody registered; a config's own variables pass.

    Raises:
        UserError: ``config-key``: a top-level key or default hook, ``config-value``: a score to save by, ``config-type``: a
            ``type``; that of the optimizer matters to the split ``train`` alone.
    """
    for key, value in cfg.items():
        meant = None if key in READ else nearest(key, READ)
        if meant and (value is None or READ[meant].fits(value)):
            what = f"{cfg.filename}: nothing reads the key {key}: did you mean {meant}?"
            raise UserError("config-key", f"{what} A variable of your own needs another name")
    _check_default_hooks(cfg)
    _check_save_best(cfg)
    _check_types(cfg, splits)


def check_arguments(cfg: Config) -> None:
    """Refuse arguments of another type than their class is annotated with; raises ``config-value``."""
    for path, entry in [found for key in READ for found in _typed(key, cfg.get(key))]:
        if wrong := misfit(entry):
            what = f"{cfg.filename}: {path}.{wrong[0]} is {entry[wrong[0]]!r:.200}"
            raise UserError("config-value", f"{what}: {entry['type']} takes {inspect.formatannotation(wrong[1])}")


def _check_default_hooks(cfg: Config) -> None:
    hooks = cfg.get("default_hooks") or {}
    own = {
        name for name, hook in hooks.items() if hook is not None and not (isinstance(hook, dict) and "type" not in hook)
    }
    for name in hooks.keys() - own - {*DEFAULT_HOOKS}:
        meant = nearest(name, {*DEFAULT_HOOKS, *own})
        if hooks[name] is not None or meant:  # None alone switches a hook off
            known = (
                f"did you mean default_hooks.{meant}?"
                if meant
                else f"there are {', '.join(sorted({*DEFAULT_HOOKS, *own}))}."
            )
            what = f"{cfg.filename}: default_hooks.{name} is no default hook"
            raise UserError("config-key", f"{what}: {known} A hook of your own needs a type")


def _check_save_best(cfg: Config) -> None:
    wanted = ((cfg.get("default_hooks") or {}).get("checkpoint") or {}).get("save_best")
    metrics = [metric for _, metric in entries("val_evaluator", cfg.get("val_evaluator"))]
    if not wanted or not metrics or any(metric.get("type") != "FCNMetric" for metric in metrics):
        return
    prefixes = [f"{metric.prefix}/" if metric.get("prefix") else "" for metric in metrics]
    known = [prefix + name for prefix in prefixes for name in SCORE_NAMES]
    for score in [wanted] if isinstance(wanted, str) else wanted:
        if score not in (*known, "auto"):
            meant = next((name for name in known if score in name.split("/")), nearest(score, known))
            hint = f"did you mean {meant!r}? There are" if meant else "There are"
            what = f"{cfg.filename}: default_hooks.checkpoint.save_best is {score!r}, which is no score of FCNMetric"
            raise UserError("config-value", f"{what}: {hint} {', '.join(known)}")


def _check_types(cfg: Config, splits: Sequence[str]) -> None:
    """Look up the types of data sets and of what is built after reading them; others are named where they are built."""
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
    for loader in ("train_dataloader", "val_dataloader", "test_dataloader"):
        whole = (cfg.get(loader) or {}).get("dataset")
        for path, dataset in entries(f"{loader}.dataset", whole, ("dataset", "datasets")):
            kind = {"type": dataset["type"]} if "type" in dataset else None
            places += [(DATASETS, path, kind), (TRANSFORMS, f"{path}.pipeline", dataset.get("pipeline"))]
    if "train" in splits:
        places.append((OPTIMIZERS, "optim_wrapper.optimizer", (cfg.get("optim_wrapper") or {}).get("optimizer")))
    for registry, place, value in places:
        for path, entry in entries(place, value):
            if "type" not in entry:
                raise UserError("config-type", f"{cfg.filename}: {path} has no type: name its class, type='...'")
            name = entry["type"]
            if isinstance(name, str) and registry.get(name) is None:
                known = {*registry.module_dict, *(registry.parent.module_dict if registry.parent else ())}
                meant = nearest(name, known)
                remedy = (
                    f"did you mean {meant!r}? " if meant else ""
                ) + "Correct it, or add its module to custom_imports"
                raise UserError("config-type", f"{cfg.filename}: {path}.type is {name!r}, which is unknown: {remedy}")


def entries(path: str, value: Any, inside: Sequence[str] = ("metrics", "transforms")) -> Iterator[tuple[str, dict]]:
    """Yield (place, entry) of an entry or list of entries, and of those inside them: an evaluator's metrics, transforms."""
    if isinstance(value, (list, tuple)):
        for i, each in enumerate(value):
            yield from entries(f"{path}.{i}", each, inside)
    elif isinstance(value, dict):
        if "metrics" not in value:  # an Evaluator holds metrics, and is none
            yield path, value
        for name in inside if value.get("type") != "Albu" else ():  # albumentations' own
            yield from entries(f"{path}.{name}", value.get(name), inside)


def _typed(path: str, value: Any) -> Iterator[tuple[str, dict]]:
    """Yield (place, entry) of every entry with a ``type``, wherever it is."""
    if isinstance(value, dict) and "type" in value:
        yield path, value
    places = enumerate(value) if isinstance(value, (list, tuple)) else value.items() if isinstance(value, dict) else ()
    for place, each in places:
        yield from _typed(f"{path}.{place}", each)
