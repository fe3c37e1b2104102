"""Images with an index mask for each of several tasks: T maps of (H, W) class ids, 255 for void."""

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

FIELD = "gt_seg_map_{}"  # key of a task's map; mmseg's transforms treat each as a mask


@DATASETS.register_module()
class TasksDataset(BaseSegDataset):
    """Images of one folder and masks of one folder for each task: ``SEG_MAP_PATH/TASK/NAME.png``.

    Args:
        tasks: name -> ``dict(classes=(...), palette=[...], folder=...)``: mask ids are indices of ``classes``, 255 is void;
            ``folder`` in ``data_prefix.seg_map_path`` defaults to the task's name. The head's ``tasks`` must have the same
            names in the same order.
        kwargs: those of mmseg's ``BaseSegDataset``. Pipelines load masks with ``TasksLoadAnnotations`` and end in
            ``TasksPackSegInputs``.

    Raises:
        UserError: ``config-value`` for invalid tasks.
    """

    METAINFO: dict[str, Any] = {}
    TASKS: Mapping[str, Mapping[str, Any]] | None = None  # of a derived class

    def __init__(
        self,
        tasks: Mapping[str, Mapping[str, Any]] | None = None,
        metainfo: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        self.tasks = dict(self.TASKS or {}) if tasks is None else dict(tasks)
        super().__init__(metainfo={**(metainfo or {}), **tasks_meta(self.tasks)}, **kwargs)

    def load_data_list(self) -> list[dict[str, Any]]:
        """List samples like mmseg, with ``seg_map_paths``, task -> file."""
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
    """Load a map for each task; errors as in :class:`.FCNLoadAnnotations`, also for ids that are not classes of the task.

    Samples without masks are left unchanged.
    """

    def _load_seg_map(self, results: dict[str, Any]) -> None:
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
    """Like mmseg's ``PackSegInputs``, but ``gt_sem_seg`` has a map for each task, (T, H, W)."""

    def __init__(self, meta_keys: Sequence[str] = ("seg_map_paths",)) -> None:
        super().__init__()
        self.meta_keys: tuple[str, ...] = (*self.meta_keys, *meta_keys)

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Pack the image, the maps and meta information."""
        packed = super().transform(results)
        maps = [results[FIELD.format(name)] for name in results.get("seg_map_paths", ())]
        if maps:
            packed["data_samples"].gt_sem_seg = PixelData(data=torch.from_numpy(np.stack(maps).astype(np.int64)))
        return packed
