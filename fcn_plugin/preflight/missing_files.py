"""Look for the files of a run before it begins."""

from __future__ import annotations

import os
from collections.abc import Sequence

from mmengine.config import ConfigDict
from mmseg.datasets import BaseSegDataset
from mmseg.registry import DATASETS

from ..data.headers import unreadable
from ..data.leaves import leaf_configs
from ..errors import UserError


def check_files_there(cfg: ConfigDict, splits: Sequence[str]) -> None:
    """Look for every image and mask that the splits name: one that is missing in val would show after the first interval.

    Raises:
        UserError: the first one that is missing and how many are; or a data set that can't be built.
    """
    for split in splits:
        for dataset in leaf_configs(cfg[f"{split}_dataloader"].dataset):
            try:
                built = DATASETS.build(dataset)
            except UserError as error:
                raise UserError(f"{cfg.filename}, {split} data set: {error}") from error
            if (
                cfg.get("broken_files") == "skip"
                or dataset.get("backend_args")
                or not isinstance(built, BaseSegDataset)
            ):
                continue
            missing = [found for i in range(len(built)) for found in _missing_files(built.get_data_info(i), split)]
            if missing:
                what, path = missing[0]
                message = unreadable(path, what, FileNotFoundError()).problem.message
                more = f" ({len(missing)} files of the {split} split are missing)" if len(missing) > 1 else ""
                raise UserError(f"{message}{more}")


def _missing_files(info: dict, split: str) -> list[tuple[str, str]]:
    """(image or mask, path); masks of a test split may be with others."""
    wanted = [("image", info.get("img_path"))] + ([("mask", info.get("seg_map_path"))] if split != "test" else [])
    return [(what, path) for what, path in wanted if path and "://" not in path and not os.path.exists(path)]
