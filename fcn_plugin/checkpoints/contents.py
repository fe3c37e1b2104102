"""Look through what was read of a checkpoint: tensors that are what they seem, under names that can be shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from ..errors import UserError

WEIGHTS = ("state_dict", "ema_state_dict", "model_state_dict")  # the last one is torchfcn's
DTYPES = {torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.bool}
DTYPES |= {torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64}
LONGEST = 1000  # characters of a tensor's name


def check_contents(content: Any, path: str) -> None:
    """Refuse what no run writes (UserError: checkpoint-damaged), before anybody copies or prints it.

    Every tensor must be dense, of a usual dtype and no larger than its memory: a view of one number as 2^33 becomes 32 GiB in
    the first copy.
    """
    if not isinstance(content, dict):
        _refuse(path, f"a {type(content).__name__}, not a checkpoint")
    for name in WEIGHTS:
        if not isinstance(content.get(name, {}), Mapping):
            _refuse(path, f"a {type(content[name]).__name__} as {name}, no tensors by name")
    meta = content.get("meta", {})
    if not isinstance(meta, dict):
        _refuse(path, f"a {type(meta).__name__} as meta, no notes by name")
    _check_labels(meta.get("dataset_meta"), path)
    _check_tensors(content, path)


def _check_tensors(value: Any, path: str, name: Any = "") -> None:
    if isinstance(value, Tensor):
        _check_tensor(value, path, name)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            _check_tensors(item, path, key)
    elif isinstance(value, list | tuple):
        for item in value:
            _check_tensors(item, path, name)


def _check_tensor(tensor: Tensor, path: str, name: Any) -> None:
    if not isinstance(name, str | int) or len(str(name)) > LONGEST or not str(name).isprintable():
        _refuse(path, f"a tensor named {name!r}")
    if type(tensor) not in (Tensor, nn.Parameter) or tensor.layout != torch.strided or tensor.is_nested:
        _refuse(path, f"{name}, which is no dense tensor")
    if tensor.dtype not in DTYPES:
        _refuse(path, f"{name} as {tensor.dtype}, no usual dtype of weights")
    if tensor.nbytes > tensor.untyped_storage().nbytes():
        _refuse(
            path,
            f"{name} of shape {tuple(tensor.shape)}, of which the file has {tensor.untyped_storage().nbytes()} bytes",
        )


def _check_labels(meta: Any, path: str) -> None:
    """Classes and their colours, which predictions are drawn with."""
    meta = {} if meta is None else meta
    classes, palette = (
        (meta.get(key) or [] for key in ("classes", "palette")) if isinstance(meta, dict) else (None, None)
    )
    listed = isinstance(classes, list | tuple) and isinstance(palette, list | tuple)
    if not listed or not all(isinstance(name, str) for name in classes):
        _refuse(path, "classes that are no list of names (meta.dataset_meta)")
    if not all(
        isinstance(colour, list | tuple) and len(colour) == 3 and {*colour} <= {*range(256)} for colour in palette
    ):
        _refuse(path, "colours that are no triples from 0 to 255 (meta.dataset_meta)")


def _refuse(path: str, what: str) -> None:
    raise UserError(
        "checkpoint-damaged", f"{path} holds {what}: take another copy, or have it saved again as plain tensors"
    )
