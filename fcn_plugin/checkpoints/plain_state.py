"""What goes into a checkpoint: tensors of the CPU, numbers, text and the log's history; it is read without running code."""

from __future__ import annotations

from typing import Any

from mmengine.config import Config, ConfigDict
from torch import Tensor

from ..errors import UserError


def make_plain(checkpoint: dict) -> None:
    """Change a checkpoint that is about to be written.

    Functions go (a schedule's own are made with it), configs become dicts, and tensors that are still on a GPU, as mmengine
    leaves an average's, come to the CPU.
    """
    for name, value in checkpoint.items():
        checkpoint[name] = _plain(value)


def require_resumable(checkpoint: dict, optimizer: bool = True, schedule: bool = True) -> None:
    """Raise a UserError where a checkpoint lacks what a run needs to go on.

    Args:
        checkpoint: as read.
        optimizer: whether the run saves its optimizer's state.
        schedule: whether it has schedules, and saves theirs.
    """
    needs = dict(optimizer=optimizer, param_schedulers=schedule)
    lacks = [name for name, needed in needs.items() if needed and name not in checkpoint]
    if "iter" not in checkpoint.get("meta", {}):
        lacks.insert(0, "meta.iter")
    if lacks:
        raise UserError(
            "checkpoint-resume",
            f"a run can't go on from it, as it lacks {', '.join(lacks)} (the best checkpoints hold weights alone): resume from an "
            "iter_N.pth, or start from these weights with --load-from",
        )


def _plain(value: Any) -> Any:
    if isinstance(value, Tensor):
        return value.cpu()
    if isinstance(value, Config):
        value = value.to_dict()
    if isinstance(value, dict):
        items = {key: _plain(one) for key, one in value.items() if not callable(one)}
        if type(value) in (dict, ConfigDict):
            return items
        value.clear()  # an OrderedDict of weights has their versions as an attribute, and stays
        value.update(items)
        return value
    if type(value) in (list, tuple):
        return type(value)(_plain(one) for one in value if not callable(one))
    return value
