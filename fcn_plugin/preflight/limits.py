"""Add the measures of limits to an evaluation."""

from __future__ import annotations

from mmengine.config import ConfigDict


def add_limits(cfg: ConfigDict) -> None:
    """Put ``FCNLimits`` beside the config's metrics, with the id of void of the first."""
    given = cfg.get("test_evaluator") or []
    metrics = given.get("metrics", given) if isinstance(given, dict) else given
    metrics = [metrics] if isinstance(metrics, dict) else list(metrics)
    if all(metric["type"] != "FCNLimits" for metric in metrics):
        void = next((metric["ignore_index"] for metric in metrics if "ignore_index" in metric), 255)
        cfg.test_evaluator = [*metrics, dict(type="FCNLimits", ignore_index=void)]
