"""Add measures to an evaluation."""

from __future__ import annotations

from mmengine.config import ConfigDict

from ..errors import UserError
from ..invocation import command


def add_limits(cfg: ConfigDict) -> None:
    """Put ``FCNLimits`` beside the config's metrics, with the id of void of the first; ``config-value`` for several tasks."""
    if cfg.get("model", {}).get("decode_head", {}).get("tasks"):
        raise UserError(
            "config-value", f"{cfg.filename}: --limits measures one class a pixel, the net has several tasks"
        )
    _add_metric(cfg, "FCNLimits")


def add_report(cfg: ConfigDict, worst: int, best: int) -> None:
    """Put ``FCNReport`` beside the config's metrics, and let the net give logits where it can.

    Raises:
        UserError: ``config-value``: the net gives several labels at one pixel.
    """
    for option, of in (("multilabel", "label"), ("tasks", "task")):
        if cfg.model.decode_head.get(option):
            what = f"{cfg.filename}: the net gives several {of}s at one pixel, and a report is about one class a pixel"
            raise UserError("config-value", f"{what}: {command('test')} scores each {of}")
    _add_metric(cfg, "FCNReport", worst=worst, best=best)
    given = cfg.model.get("test_cfg") or {}
    if given.get("mode") != "tiles":  # which gives label maps alone
        cfg.model.test_cfg = {**given, "keep_logits": True}


def _add_metric(cfg: ConfigDict, kind: str, **options) -> None:
    given = cfg.get("test_evaluator") or []
    metrics = given.get("metrics", given) if isinstance(given, dict) else given
    metrics = [metrics] if isinstance(metrics, dict) else list(metrics)
    if all(metric["type"] != kind for metric in metrics):
        void = next((metric["ignore_index"] for metric in metrics if "ignore_index" in metric), 255)
        cfg.test_evaluator = [*metrics, dict(type=kind, ignore_index=void, **options)]
