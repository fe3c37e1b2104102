"""Misspelt names in a config: unknown top-level keys are dropped in silence, an unknown score fails at the first validation."""

from __future__ import annotations

from mmengine.config import Config

from ..errors import UserError
from ..evaluation.confusion import SCORE_NAMES
from .spelling import nearest
from .types import check_types, entries

ENTRIES = (dict, list, tuple)
# every key that is read, and what it holds; a config may define variables of its own besides
READ: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("model", "train_dataloader", "val_dataloader", "test_dataloader"), ENTRIES),
    **dict.fromkeys(("train_cfg", "val_cfg", "test_cfg", "optim_wrapper", "param_scheduler", "auto_scale_lr"), ENTRIES),
    **dict.fromkeys(("val_evaluator", "test_evaluator", "default_hooks", "custom_hooks", "custom_imports"), ENTRIES),
    **dict.fromkeys(("data_preprocessor", "env_cfg", "log_processor", "visualizer", "randomness"), ENTRIES),
    **dict.fromkeys(("model_wrapper_cfg", "tta_model", "tta_pipeline"), ENTRIES),
    **dict.fromkeys(("activation_checkpointing", "efficient_conv_bn_eval"), (*ENTRIES, str)),
    **dict.fromkeys(("work_dir", "load_from", "launcher", "log_level", "default_scope", "experiment_name"), (str,)),
    **dict.fromkeys(("runner_type", "sync_bn", "parent", "weights_help", "data_help", "broken_files"), (str,)),
    "gradient_compression": (str,),
    **dict.fromkeys(("resume", "find_unused_parameters", "adapt_classes"), (bool,)),
    "compile": (bool, *ENTRIES),
}
# of mmengine's Runner.register_default_hooks
DEFAULT_HOOKS = {
    "runtime_info": "RuntimeInfoHook",
    "timer": "IterTimerHook",
    "sampler_seed": "DistSamplerSeedHook",
    "logger": "LoggerHook",
    "param_scheduler": "ParamSchedulerHook",
    "checkpoint": "CheckpointHook",
}


def check_keys(cfg: Config) -> None:
    """Refuse near misses of names that are read; a config's own variables pass.

    Args:
        cfg: a whole config.

    Raises:
        UserError: a top-level key, a default hook, a score to save by or a ``type`` that nothing knows, with the likely name.
    """
    for key, value in cfg.items():
        meant = None if key in READ else nearest(key, READ)
        if meant and (value is None or isinstance(value, READ[meant])):
            raise UserError(
                f"{cfg.filename}: {key} is no key that is read: did you mean {meant}? A variable of your own needs another name"
            )
    _check_default_hooks(cfg)
    _check_save_best(cfg)
    check_types(cfg)


def _check_default_hooks(cfg: Config) -> None:
    hooks = cfg.get("default_hooks") or {}
    for name, hook in hooks.items():
        if isinstance(hook, dict) and "type" not in hook and name in DEFAULT_HOOKS:
            raise UserError(
                f"{cfg.filename}: default_hooks.{name} has no type: inherit configs/_base_/default_runtime.py, or add "
                f"type={DEFAULT_HOOKS[name]!r}"
            )
        if name not in DEFAULT_HOOKS and (hook is None or (isinstance(hook, dict) and "type" not in hook)):
            known = {*DEFAULT_HOOKS, *(other for other, entry in hooks.items() if entry and "type" in entry)}
            meant = nearest(name, known)
            if hook is None and not meant:  # a hook that is switched off
                continue
            remedy = f"did you mean default_hooks.{meant}?" if meant else f"there are {', '.join(sorted(known))}."
            raise UserError(
                f"{cfg.filename}: default_hooks.{name} is no default hook: {remedy} A hook of your own needs a type"
            )


def _check_save_best(cfg: Config) -> None:
    """The engine finds out at the first validation."""
    checkpoint = (cfg.get("default_hooks") or {}).get("checkpoint") or {}
    wanted = checkpoint.get("save_best")
    metrics = [metric for _, metric in entries("val_evaluator", cfg.get("val_evaluator"))]
    if not wanted or not metrics or any(metric.get("type") != "FCNMetric" for metric in metrics):
        return
    prefixes = [f"{metric.prefix}/" if metric.get("prefix") else "" for metric in metrics]
    known = [prefix + name for prefix in prefixes for name in SCORE_NAMES]
    for score in [wanted] if isinstance(wanted, str) else wanted:
        if score not in (*known, "auto"):
            meant = next((name for name in known if score in name.split("/")), nearest(score, known))
            raise UserError(
                f"{cfg.filename}: default_hooks.checkpoint.save_best is {score!r}, which is no score of FCNMetric: "
                + (f"did you mean {meant!r}? " if meant else "")
                + f"There are {', '.join(known)}"
            )
