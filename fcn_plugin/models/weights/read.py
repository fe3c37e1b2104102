"""Read a checkpoint file, without running code from it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from mmengine.logging import HistoryBuffer
from mmengine.runner.checkpoint import CheckpointLoader
from safetensors import safe_open
from torch import Tensor

from ...errors import UserError


def require_checkpoint(path: str) -> None:
    """Raise a UserError where there is no such file."""
    if not Path(path).is_file():
        raise UserError(
            f"no checkpoint at {path}: give the path of a weight file, as training leaves it in its work dir"
        )


def read_checkpoint(path: str) -> dict:
    """What a local checkpoint file holds, loaded with ``weights_only=True``; safetensors as ``state_dict`` and ``meta``.

    Raises:
        UserError: no such file, not a checkpoint, or one that would run code.
    """
    require_checkpoint(path)
    if file_kind(path) == "safetensors":
        return _read_safetensors(path)
    try:
        with torch.serialization.safe_globals(_engine_globals()):
            content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise UserError(f"{path} {_reason(str(error))}") from error
    if not isinstance(content, dict):
        raise UserError(f"{path} holds a {type(content).__name__}, not a checkpoint")
    return content


def require_finite(state: Mapping[str, Tensor], path: str) -> None:
    """Raise a UserError where a file's weights hold NaN or infinity."""
    broken = [name for name, tensor in state.items() if isinstance(tensor, Tensor) and not torch.isfinite(tensor).all()]
    if broken:
        raise UserError(
            f"{path} holds NaN or infinite values in {some(broken)}: training diverged; use an earlier checkpoint "
            "or train again with a lower learning rate"
        )


def some(names: Sequence[str]) -> str:
    """The first three names and how many more there are."""
    return ", ".join(names[:3]) + (f", ... {len(names) - 3} more" if len(names) > 3 else "")


def _engine_globals() -> list:
    """What mmengine's checkpoints hold besides tensors: the history of logged values, as NumPy arrays."""
    numbers = (np.float64, np.float32, np.int64, np.int32, np.bool_)
    arrays = (np._core.multiarray._reconstruct, np._core.multiarray.scalar, np.ndarray, np.dtype)
    return [HistoryBuffer, (_history_method, "builtins.getattr"), *arrays, *(type(np.dtype(n)) for n in numbers)]


def _history_method(owner: object, name: str) -> object:
    """Stands in for ``getattr``, which would let a file reach any function: only the history's own methods."""
    if owner is not HistoryBuffer or name.startswith("_"):
        raise UserError(f"asks for {name!r} of {owner!r}")
    return getattr(owner, name)


def _reason(error: str) -> str:
    foreign = re.search(r"GLOBAL (\S+)", error)
    if foreign:
        return f"would run code ({foreign[1]}) on loading and was refused: save it again as plain tensors where you trust it"
    return "can't be read as a checkpoint: it is empty, truncated, damaged or from another program"


def file_kind(path: str) -> str:
    """``pytorch``, ``safetensors`` or ``caffemodel``, by the file's first bytes."""
    with open(path, "rb") as file:
        start = file.read(9)
    # the length of safetensors' header may begin as a zip or a pickle does
    if start[4:] == bytes(4) + b"{":
        return "safetensors"
    return "pytorch" if start[:2] == b"PK" or start[:1] in (b"\x80", b"") else "caffemodel"


def _read_safetensors(path: str) -> dict:
    try:
        with safe_open(path, "pt") as file:
            state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
            notes = file.metadata() or {}
            meta = {"dataset_meta": json.loads(notes["dataset_meta"])} if "dataset_meta" in notes else {}
    except Exception as error:
        raise UserError(f"{path} can't be read as safetensors ({error}): it is truncated or damaged") from error
    return {"state_dict": state, "meta": meta}


@CheckpointLoader.register_scheme(r".*\.safetensors$", force=True)
def load_from_safetensors(filename: str, map_location=None) -> dict:
    """For mmengine's ``load_checkpoint``, and with it ``init_model`` and ``load_from``, which know no safetensors."""
    return read_checkpoint(filename)
