"""Make a checkpoint plain before it is written: tensors on the CPU, numbers and text, which load without running code."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from mmengine.config import Config, ConfigDict
from mmengine.logging import HistoryBuffer

HISTORY = "__history__"  # a history of logged values is written as {HISTORY: [values, counts, longest]}


def make_plain(checkpoint: dict) -> None:
    """Replace in place what is not plain.

    Functions go (a schedule is built with its own), configs become dicts, histories of logged values and NumPy's numbers become
    tensors and numbers, and tensors on a GPU, as mmengine leaves an average's, are copied to the CPU.
    """
    for name, value in checkpoint.items():
        checkpoint[name] = _plain(value)


def _plain(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return value.cpu()
    if isinstance(value, HistoryBuffer):
        return {HISTORY: [*map(torch.from_numpy, value.data), value.max_length]}
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Config):
        value = value.to_dict()
    if isinstance(value, dict):
        items = {key: _plain(item) for key, item in value.items() if not callable(item)}
        if type(value) in (dict, ConfigDict):
            return items
        value.clear()  # an OrderedDict of weights has their versions as an attribute, and stays
        value.update(items)
    elif type(value) in (list, tuple):
        return type(value)(_plain(item) for item in value if not callable(item))
    return value
