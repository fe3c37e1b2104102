"""Check keys, types and numbers of a config, since mmengine ignores unknown keys and reports other faults late."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from typing import Any

from mmengine.config import Config

from ..errors import UserError
from ..evaluation.confusion import DETAIL_NAMES, SCORE_NAMES
from .parameters import misfit, registered, registered_names
from .shapes import READ
from .spelling import nearest

# of mmengine's Runner.register_default_hooks
DEFAULT_HOOKS = ("runtime_info", "timer", "sampler_seed", "logger", "param_scheduler", "checkpoint")
VAL_LOSS = "val_loss"  # of mmengine's ValLoop
MODELS = ("model", "tta_model")  # their types are looked up in other scopes when they are built


def check_keys(cfg: Config, splits: Sequence[str] = ("train", "val", "test")) -> None:
    """Refuse misspelt keys and unregistered types; other unknown top-level keys are the config's own variables.

    Raises:
        UserError: ``config-key``: a top-level key or default hook, ``config-value``: a score to save by, ``config-type``: a
            ``type``; the optimizer's type is checked only for the split ``train``.
    """
    for key, value in cfg.items():
        meant = None if key in READ else nearest(key, READ)
        if meant and (value is None or READ[meant].fits(value)):
            what = f"{cfg.filename}: unknown key {key}: did you mean {meant}?"
            raise UserError("config-key", f"{what} If it is your own variable, rename it")
    hooks = cfg.get("default_hooks") or {}
    for name in hooks.keys() - {*DEFAULT_HOOKS}:
        if hooks[name] is None and (meant := nearest(name, {*DEFAULT_HOOKS, *hooks} - {name})):
            what = f"{cfg.filename}: default_hooks.{name} is not a default hook: did you mean default_hooks.{meant}?"
            raise UserError("config-key", what)
    _check_save_best(cfg)
    for key in READ:
        if key not in MODELS and (key != "optim_wrapper" or "train" in splits):
            _check_types(cfg, key)


def check_arguments(cfg: Config) -> None:
    """Refuse arguments that don't match the type annotations of their class; UserError: ``config-value``."""
    for path, entry in [found for key in READ for found in _typed(key, cfg.get(key))]:
        if wrong := misfit(entry):
            what = f"{cfg.filename}: {path}.{wrong[0]} is {entry[wrong[0]]!r:.200}"
            raise UserError("config-value", f"{what}: {entry['type']} takes {inspect.formatannotation(wrong[1])}")


def _check_save_best(cfg: Config) -> None:
    hook = (cfg.get("default_hooks") or {}).get("checkpoint") or {}
    wanted = hook.get("save_best")
    if wanted == VAL_LOSS and hook.get("rule") == "greater":
        what = f"{cfg.filename}: default_hooks.checkpoint keeps the greatest val_loss"
        raise UserError("config-value", f"{what}: set its rule to 'less'")
    metrics = [entry for _, entry in _typed("", cfg.get("val_evaluator")) if entry["type"] != "Evaluator"]
    if not wanted or not metrics or any(metric["type"] != "FCNMetric" for metric in metrics):
        return
    known = []
    for metric in metrics:
        name = metric.get("prefix") or metric.get("task")
        prefix = f"{name}/" if name else ""
        known += [prefix + name for name in (*SCORE_NAMES, *(DETAIL_NAMES if metric.get("detail") else ()))]
    known.append(VAL_LOSS)
    for score in [wanted] if isinstance(wanted, str) else wanted:
        if score not in (*known, "auto"):
            meant = next((name for name in known if score in name.split("/")), nearest(score, known))
            hint = f"did you mean {meant!r}? There are" if meant else "There are"
            what = f"{cfg.filename}: default_hooks.checkpoint.save_best is {score!r}, which is not a score of FCNMetric"
            raise UserError("config-value", f"{what}: {hint} {', '.join(known)}")


def _check_types(cfg: Config, key: str) -> None:
    for path, entry in _typed(key, cfg.get(key)):
        name = entry["type"]
        if isinstance(name, str) and registered(name) is None:
            meant = nearest(name, registered_names())
            hint = f"did you mean {meant!r}? " if meant else ""
            what = f"{cfg.filename}: {path}.type is {name!r}, which is unknown"
            raise UserError("config-type", f"{what}: {hint}Correct it, or add its module to custom_imports")


def _typed(path: str, value: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (path, entry) of every entry with a ``type``, at any depth."""
    if isinstance(value, (list, tuple)):
        value = dict(enumerate(value))
    elif isinstance(value, dict) and "type" in value:
        yield path, value
    if isinstance(value, dict) and value.get("type") != "Albu":  # Albu's entries are albumentations' types
        for place, each in value.items():
            yield from _typed(f"{path}.{place}", each)
