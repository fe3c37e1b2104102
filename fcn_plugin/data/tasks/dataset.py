"""Images with an index mask for each of several tasks: T maps of (H, W) class ids, 255 where one counts for nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.structures import PixelData
from mmseg.datasets import BaseSegDataset
from mmseg.datasets.transforms import PackSegInputs
from mmseg.registry import DATASETS, TRANSFORMS

from ..load_annotations import FCNLoadAnnotations
from .meta import tasks_meta

FIELD = "gt_seg_map_{}"  # key of a task's map, which any of mmseg's transforms treats as a mask of its own


@DATASETS.register_module()
class TasksDataset(BaseSegDataset):
    """Images of one folder and masks of one folder for each task: ``SEG_MAP_PATH/TASK/NAME.png``.

    Args:
        tasks: name -> ``dict(classes=(...), palette=[...], folder=...)``: ids of masks are places in ``classes``, 255 is void;
            ``folder`` inside ``data_prefix.seg_map_path`` is the task's name by default. The head's ``tasks`` have the same
            names in the same order.
        kwargs: of mmseg's ``BaseSegDataset``. Pipelines load masks with ``TasksLoadAnnotations`` and end in
            ``TasksPackSegInputs``.

    Raises:
        UserError: ``config-value`` for tasks that can't be used.
    """

    METAINFO: dict = {}
    TASKS: Mapping[str, Mapping] | None = None  # of a derived class

    def __init__(self, tasks: Mapping[str, Mapping] | None = None, metainfo: dict | None = None, **kwargs: Any) -> None:
        self.tasks = dict(self.TASKS or {}) if tasks is None else dict(tasks)
        super().__init__(metainfo={**(metainfo or {}), **tasks_meta(self.tasks)}, **kwargs)

    def load_data_list(self) -> list[dict]:
        """List samples as mmseg does, with ``seg_map_paths``: task -> file."""
        root = self.data_prefix.get("seg_map_path")
        data = super().load_data_list()
        for item in data:
            path = item.pop("seg_map_path", None)
            if path is not None:
                inside = Path(path).relative_to(root)
                folders = {name: entry.get("folder", name) for name, entry in self.tasks.items()}
                item["seg_map_paths"] = {name: str(Path(root, folder, inside)) for name, folder in folders.items()}
                item["task_ids"] = [len(entry["classes"]) for entry in self.tasks.values()]
        return data


@TRANSFORMS.register_module()
class TasksLoadAnnotations(FCNLoadAnnotations):
    """Add a map for each task to a sample; errors of :class:`.FCNLoadAnnotations`, an id that is no class of its task too.

    A sample without masks passes.
    """

    def _load_seg_map(self, results: dict) -> None:
        for (name, path), count in zip(
            results.get("seg_map_paths", {}).items(), results.get("task_ids", ()), strict=True
        ):
            label_map = {index: index for index in range(count)}
            one = {
                **results,
                "seg_map_path": path,
                "seg_fields": [],
                "label_map": label_map,
                "reduce_zero_label": False,
            }
            super()._load_seg_map(one)
            results[FIELD.format(name)] = one["gt_seg_map"]
            results["seg_fields"].append(FIELD.format(name))


@TRANSFORMS.register_module()
class TasksPackSegInputs(PackSegInputs):
    """Replace mmseg's ``PackSegInputs``, which packs one map; ``gt_sem_seg`` holds T, in the order of the tasks."""

    def __init__(self, meta_keys: Sequence[str] = ("seg_map_paths",)) -> None:
        super().__init__()
        self.meta_keys = (*self.meta_keys, *meta_keys)

    def transform(self, results: dict) -> dict:
        """Pack image, maps and meta information."""
        packed = super().transform(results)
        maps = [results[FIELD.format(name)] for name in results.get("seg_map_paths", ())]
        if maps:
            packed["data_samples"].gt_sem_seg = PixelData(data=torch.from_numpy(np.stack(maps).astype(np.int64)))
        return packed
