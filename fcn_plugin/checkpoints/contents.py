"""Check the content of a checkpoint: plain tensors with printable names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from ..errors import UserError

BY_NAME = ("state_dict", "ema_state_dict", "model_state_dict", "meta")  # model_state_dict is torchfcn's
DTYPES = {torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.bool}
DTYPES |= {torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64}
LONGEST = 1000  # characters of a tensor's name


def check_contents(content: Any, path: str) -> None:
    """Refuse content that no run writes, before it is copied or printed; UserError: checkpoint-damaged.

    Every tensor must be dense, of a usual dtype and no larger than its memory, since a view of one number as 2^33 would become
    32 GiB when copied.
    """
    if fault := next(_faults(content), None):
        remedy = "use another copy, or ask its author to save plain tensors"
        raise UserError("checkpoint-damaged", f"{path} contains {fault}: {remedy}")


def _faults(content: Any) -> Iterator[str]:
    if not isinstance(content, dict):
        yield f"a {type(content).__name__}, not a checkpoint"
    for name in BY_NAME:
        if not isinstance(content.get(name, {}), Mapping):
            yield f"a {type(content[name]).__name__} as {name}, not a dict"
    labels = content.get("meta", {}).get("dataset_meta")
    if labels is not None and not _are_labels(labels):
        yield "invalid class names or colours (meta.dataset_meta)"
    yield from _odd_tensors(content)


def _are_labels(meta: Any) -> bool:
    """Return whether these are valid class names and colours."""
    if not isinstance(meta, dict):
        return False
    classes, palette = (meta[key] if meta.get(key) is not None else [] for key in ("classes", "palette"))
    if not isinstance(classes, list | tuple) or not isinstance(palette, list | tuple):
        return False
    colours = [colour for colour in palette if isinstance(colour, list | tuple) and len(colour) == 3]
    values = [value for colour in colours for value in colour]
    return (
        all(isinstance(name, str) for name in classes)
        and len(colours) == len(palette)
        and all(isinstance(value, int) and 0 <= value < 256 for value in values)
    )


def entries(value: Any, key: Any = "") -> Iterator[tuple[Any, Any]]:
    """Yield (key, value) of all innermost values; those in a list have the key of the list."""
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from entries(item, name)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from entries(item, key)
    else:
        yield key, value


def _odd_tensors(content: Any) -> Iterator[str]:
    for name, value in entries(content):
        if not isinstance(value, Tensor):
            continue
        if not isinstance(name, str | int) or len(str(name)) > LONGEST or not str(name).isprintable():
            yield f"a tensor named {name!r}"
        if type(value) not in (Tensor, nn.Parameter) or value.layout != torch.strided or value.is_nested:
            yield f"{name}, which is not a dense tensor"
        if value.dtype not in DTYPES:
            yield f"{name} as {value.dtype}, which is not a dtype of weights"
        if value.nbytes > (size := value.untyped_storage().nbytes()):
            yield f"{name} of shape {tuple(value.shape)} with only {size} bytes of data"
