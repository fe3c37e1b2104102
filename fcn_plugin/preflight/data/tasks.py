"""Check that a multi-task net, its data sets and its evaluators have the same tasks."""

from __future__ import annotations

from mmengine.config import ConfigDict

from ...data.leaves import declared_meta
from ...errors import UserError
from ...models.tasks_head import sizes_of


def check_tasks(cfg: ConfigDict, split: str, dataset: ConfigDict) -> None:
    """Compare the tasks of a data set with those of the net and of its evaluator.

    Raises:
        UserError: ``classes-count`` if names, order or numbers of classes differ; ``config-value`` for a metric without a
            task, or with an unknown one.
    """
    tasks = cfg.model.decode_head.get("tasks")
    found = {name: len(entry["classes"]) for name, entry in (declared_meta(dataset).get("tasks") or {}).items()}
    wanted = sizes_of(tasks) if tasks else {}
    if [*found.items()] != [*wanted.items()]:
        what = f"model.decode_head has {_listed(wanted)}, but the {split} data set {dataset.type} has {_listed(found)}"
        raise UserError("classes-count", f"{cfg.filename}: {what}: give both the same tasks in the same order")
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
