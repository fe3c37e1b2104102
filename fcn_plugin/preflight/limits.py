"""Add metrics to an evaluation."""

from __future__ import annotations

from mmengine.config import ConfigDict

from ..errors import UserError
from ..invocation import command


def add_limits(cfg: ConfigDict) -> None:
    """Add ``FCNLimits`` to the config's metrics, with the first metric's id of void; ``config-value`` for several tasks."""
    if cfg.get("model", {}).get("decode_head", {}).get("tasks"):
        raise UserError(
            "config-value", f"{cfg.filename}: --limits needs one class per pixel, and the net has several tasks"
        )
    _add_metric(cfg, "FCNLimits")


def add_report(cfg: ConfigDict, worst: int, best: int) -> None:
    """Add ``FCNReport`` to the config's metrics, and let the net return logits if it can.

    Raises:
        UserError: ``config-value``: the net is multi-label.
    """
    for option, of in (("multilabel", "label"), ("tasks", "task")):
        if cfg.model.decode_head.get(option):
            what = f"{cfg.filename}: the net predicts several {of}s per pixel, and a report needs one class per pixel"
            raise UserError("config-value", f"{what}: use {command('test')}, which scores each {of}")
    _add_metric(cfg, "FCNReport", worst=worst, best=best)
    given = cfg.model.get("test_cfg") or {}
    if given.get("mode") != "tiles":  # it returns only label maps
        cfg.model.test_cfg = {**given, "keep_logits": True}


def _add_metric(cfg: ConfigDict, kind: str, **options: int) -> None:
    given = cfg.get("test_evaluator") or []
    metrics = given.get("metrics", given) if isinstance(given, dict) else given
    metrics = [metrics] if isinstance(metrics, dict) else list(metrics)
    if all(metric["type"] != kind for metric in metrics):
        void = next((metric["ignore_index"] for metric in metrics if "ignore_index" in metric), 255)
        cfg.test_evaluator = [*metrics, dict(type=kind, ignore_index=void, **options)]
