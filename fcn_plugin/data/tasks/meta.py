"""Describe the classes of a multi-task data set: by task, and of all tasks in the order of the net's score channels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...errors import UserError
from ..palette import voc_palette

OPTIONS = ("classes", "palette", "folder")  # of a task


def tasks_meta(tasks: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return ``tasks`` (classes and palette by name), and ``classes`` (``TASK: CLASS``) and ``palette`` of all tasks.

    Raises:
        UserError: ``config-value`` for fewer than two tasks, or an invalid entry.
    """
    if not isinstance(tasks, Mapping) or len(tasks) < 2:
        remedy = "give two or more, NAME=dict(classes=(...)); for one task use ClassMapDataset"
        raise UserError("config-value", f"the data set's tasks are {tasks!r}: {remedy}")
    found: dict[str, dict[str, list[Any]]] = {}
    for name, entry in tasks.items():
        classes = entry.get("classes") if isinstance(entry, Mapping) and set(entry) <= set(OPTIONS) else None
        if not isinstance(classes, list | tuple) or len(classes) < 2:
            wanted = f"give a dict of {', '.join(OPTIONS)}, with at least two classes"
            raise UserError("config-value", f"the data set's task {name} is {entry!r}: {wanted}")
        palette: Sequence[Any] = entry.get("palette") or voc_palette()[: len(classes)].tolist()
        if len(palette) != len(classes):
            unequal = f"task {name} has {len(palette)} colours for {len(classes)} classes"
            raise UserError("config-value", f"{unequal}: give one colour per class, or omit palette")
        found[name] = dict(classes=list(classes), palette=[list(map(int, colour)) for colour in palette])
    names = [f"{task}: {name}" for task, entry in found.items() for name in entry["classes"]]
    return dict(tasks=found, classes=names, palette=[colour for entry in found.values() for colour in entry["palette"]])
