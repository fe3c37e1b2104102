"""Numbers of a config that the engine takes as they come and fails on later, or does nothing with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mmengine.config import Config

from ..errors import UserError


def _count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _count_or_zero(value: Any) -> bool:
    return value == 0 or _count(value)


def _rate(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0


COUNT = (_count, "a whole number of at least 1")
WANTED: dict[str, tuple[Callable[[Any], bool], str]] = {
    **dict.fromkeys(("train_cfg.max_iters", "train_cfg.max_epochs", "train_cfg.val_interval"), COUNT),
    **{f"{split}_dataloader.batch_size": COUNT for split in ("train", "val", "test")},
    **{
        f"{split}_dataloader.num_workers": (_count_or_zero, "a whole number, 0 for none")
        for split in ("train", "val", "test")
    },
    "optim_wrapper.optimizer.lr": (_rate, "a number"),
}


def check_values(cfg: Config) -> None:
    """Refuse values that no run can have.

    Raises:
        UserError: the entry, its value and what is wanted.
    """
    for key, (fits, wanted) in WANTED.items():
        node: Any = cfg
        for word in key.split("."):
            node = node.get(word) if isinstance(node, dict) or node is cfg else None
        if node is not None and not fits(node):
            raise UserError(f"{cfg.filename}: {key} is {node!r}: give {wanted}")
