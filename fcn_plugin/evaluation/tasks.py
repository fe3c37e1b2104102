"""Select one task from samples and meta information of several."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import UserError


def task_meta(meta: Mapping[str, Any], task: str) -> Mapping[str, Any]:
    """Return ``classes`` and ``palette`` of a task from a data set's meta information; UserError: ``config-value``."""
    tasks = meta.get("tasks") or {}
    if task not in tasks:
        known = ", ".join(tasks) or "none"
        raise UserError("config-value", f"the evaluator scores task {task!r}, but the data set's tasks are {known}")
    return tasks[task]


def one_task(sample: dict[str, Any], meta: Mapping[str, Any], task: str) -> dict[str, Any]:
    """Return a sample with only the maps of one task; unchanged maps if their number is not that of the tasks.

    Raises:
        UserError: ``config-value`` if the data set has no such task.
    """
    task_meta(meta, task)
    names = [*meta["tasks"]]
    index, own = names.index(task), {"seg_map_path": sample.get("seg_map_paths", {}).get(task)}
    for key in ("gt_sem_seg", "pred_sem_seg"):
        if key in sample:
            maps = sample[key]["data"]
            own[key] = {"data": maps[index : index + 1] if len(maps) == len(names) else maps}
    return {**sample, **own}
