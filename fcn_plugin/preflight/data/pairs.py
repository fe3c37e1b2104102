"""Convert lists that mean a pair of numbers to tuples: the command line gives lists, which transforms read as several sizes."""

from __future__ import annotations

from typing import Any

from mmengine.config import ConfigDict

PAIRS = ("scale", "crop_size", "size", "img_scale", "ratio_range")  # arguments of transforms


def lists_to_pairs(cfg: ConfigDict) -> None:
    """Replace lists of one or two numbers with tuples where the config's pipelines take pairs."""
    for place in ("train_dataloader", "val_dataloader", "test_dataloader", "tta_pipeline"):
        _walk(cfg.get(place))


def _walk(node: Any) -> None:
    if isinstance(node, dict):
        for name in node.keys() & {*PAIRS}:
            value = node[name]
            if isinstance(value, list) and len(value) <= 2 and all(isinstance(each, (int, float)) for each in value):
                node[name] = tuple(value)
    for inner in node.values() if isinstance(node, dict) else node if isinstance(node, (list, tuple)) else ():
        _walk(inner)
