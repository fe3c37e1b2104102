"""Nets, data sets and evaluators of several tasks must speak of the same ones."""

from __future__ import annotations

from mmengine.config import ConfigDict

from ...data.leaves import declared_meta
from ...errors import UserError
from ...models.tasks_head import sizes_of


def check_tasks(cfg: ConfigDict, split: str, dataset: ConfigDict) -> None:
    """Compare the tasks of a data set with those of the net and of its evaluator.

    Raises:
        UserError: ``classes-count``: other names, another order or other numbers of classes; ``config-value``: a metric without a
            task, or an unknown one.
    """
    tasks = cfg.model.decode_head.get("tasks")
    found = {name: len(entry["classes"]) for name, entry in (declared_meta(dataset).get("tasks") or {}).items()}
    wanted = sizes_of(tasks) if tasks else {}
    if [*found.items()] != [*wanted.items()]:
        what = f"model.decode_head has {_listed(wanted)}, the {split} data set {dataset.type} {_listed(found)}"
        raise UserError("classes-count", f"{cfg.filename}: {what}: give both the same tasks in one order")
    metrics = cfg.get(f"{split}_evaluator") or []
    metrics = [metrics] if isinstance(metrics, dict) else metrics
    for metric in metrics if wanted else ():
        task = metric.get("task")
        if str(metric.get("type")).endswith("FCNMetric") and task not in wanted:
            remedy = "give one FCNMetric for each task, task=" + ", task=".join(map(repr, wanted))
            raise UserError(
                "config-value", f"{cfg.filename}: {split}_evaluator has FCNMetric with task={task!r}: {remedy}"
            )


def _listed(sizes: dict[str, int]) -> str:
    return "tasks of " + ", ".join(f"{name} ({count})" for name, count in sizes.items()) if sizes else "no tasks"
