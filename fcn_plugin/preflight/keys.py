"""Check keys, types and numbers of a config: mmengine ignores unknown keys, and fails late on the others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from mmengine.config import Config
from mmengine.registry import Registry
from mmseg.registry import HOOKS, METRICS, PARAM_SCHEDULERS, TRANSFORMS

from ..errors import UserError
from ..evaluation.confusion import SCORE_NAMES
from .spelling import nearest

ENTRIES = (dict, list, tuple)
# every key that is read, and the types of its value; a config may define variables of its own besides
READ: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("model", "train_dataloader", "val_dataloader", "test_dataloader", "data_preprocessor"), ENTRIES),
    **dict.fromkeys(("train_cfg", "val_cfg", "test_cfg", "optim_wrapper", "param_scheduler", "auto_scale_lr"), ENTRIES),
    **dict.fromkeys(("val_evaluator", "test_evaluator", "default_hooks", "custom_hooks", "custom_imports"), ENTRIES),
    **dict.fromkeys(("env_cfg", "log_processor", "visualizer", "randomness", "model_wrapper_cfg"), ENTRIES),
    **dict.fromkeys(("tta_model", "tta_pipeline"), ENTRIES),
    **dict.fromkeys(("activation_checkpointing", "efficient_conv_bn_eval"), (*ENTRIES, str)),
    **dict.fromkeys(("work_dir", "load_from", "launcher", "log_level", "default_scope", "experiment_name"), (str,)),
    **dict.fromkeys(("runner_type", "sync_bn", "parent", "broken_files", "gradient_compression"), (str,)),
    **dict.fromkeys(("resume", "find_unused_parameters", "adapt_classes"), (bool,)),
    "compile": (bool, *ENTRIES),
}
# those of mmengine's Runner.register_default_hooks; the checkpoint hook is this package's
DEFAULT_HOOKS = {
    "runtime_info": "RuntimeInfoHook",
    "timer": "IterTimerHook",
    "sampler_seed": "DistSamplerSeedHook",
    "logger": "LoggerHook",
    "param_scheduler": "ParamSchedulerHook",
    "checkpoint": "FCNCheckpointHook",
}
# key of a number -> type, least value, what to give
COUNT = (int, 1, "a whole number of at least 1")
NUMBERS = {
    **dict.fromkeys(("train_cfg.max_iters", "train_cfg.max_epochs", "train_cfg.val_interval"), COUNT),
    **{f"{split}_dataloader.batch_size": COUNT for split in ("train", "val", "test")},
    **{f"{split}_dataloader.num_workers": (int, 0, "a whole number, 0 for none") for split in ("train", "val", "test")},
    "optim_wrapper.optimizer.lr": ((int, float), 0, "a number of at least 0"),
}


def check_keys(cfg: Config) -> None:
    """Refuse near misses of names that are read; a config's own variables pass.

    Raises:
        UserError: ``config-key``: a top-level key or default hook, ``config-value``: a score to save by or a number,
            ``config-type``: a ``type``.
    """
    for key, value in cfg.items():
        meant = None if key in READ else nearest(key, READ)
        if meant and (value is None or isinstance(value, READ[meant])):
            what = f"{cfg.filename}: nothing reads the key {key}: did you mean {meant}?"
            raise UserError("config-key", f"{what} A variable of your own needs another name")
    _check_default_hooks(cfg)
    _check_save_best(cfg)
    _check_types(cfg)
    _check_numbers(cfg)


def _check_default_hooks(cfg: Config) -> None:
    hooks = cfg.get("default_hooks") or {}
    bare = [name for name, hook in hooks.items() if hook is None or (isinstance(hook, dict) and "type" not in hook)]
    known = {*DEFAULT_HOOKS, *(name for name in hooks if name not in bare)}
    for name in bare:
        meant = nearest(name, known)
        if hooks[name] is None and not meant:  # a hook that is switched off
            continue
        if name in DEFAULT_HOOKS:
            remedy = f"inherit configs/_base_/default_runtime.py, or add type={DEFAULT_HOOKS[name]!r}"
            raise UserError("config-type", f"{cfg.filename}: default_hooks.{name} has no type: {remedy}")
        remedy = f"did you mean default_hooks.{meant}?" if meant else f"there are {', '.join(sorted(known))}."
        what = f"{cfg.filename}: default_hooks.{name} is no default hook"
        raise UserError("config-key", f"{what}: {remedy} A hook of your own needs a type")


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


def _check_numbers(cfg: Config) -> None:
    for key, (kind, least, wanted) in NUMBERS.items():
        value: Any = cfg
        for word in key.split("."):
            value = value.get(word) if isinstance(value, (dict, Config)) else None
        if value is not None and not (isinstance(value, kind) and not isinstance(value, bool) and value >= least):
            raise UserError("config-value", f"{cfg.filename}: {key} is {value!r}: give {wanted}")


def _check_types(cfg: Config) -> None:
    """Look up the types of hooks, metrics, schedulers and transforms; others are named where they are built."""
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
        datasets = entries(f"{loader}.dataset", (cfg.get(loader) or {}).get("dataset"), ("dataset", "datasets"))
        places += [(TRANSFORMS, f"{path}.pipeline", dataset.get("pipeline")) for path, dataset in datasets]
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
