"""Read tensors from a checkpoint file or link, without running code from it."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import torch
from mmengine.logging import HistoryBuffer
from torch import Tensor

from ...errors import UserError


def require_checkpoint(path: str) -> None:
    """Raise a UserError where there is no such file."""
    if not Path(path).is_file():
        raise UserError(f"no checkpoint at {path}: give the path of a .pth file, as training leaves it in its work dir")


def read_checkpoint(path: str) -> dict:
    """What a local checkpoint file holds, loaded with ``weights_only=True``.

    Raises:
        UserError: no such file, not a checkpoint, or one that would run code.
    """
    require_checkpoint(path)
    try:
        with torch.serialization.safe_globals(_engine_globals()):
            content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise UserError(f"{path} {_reason(str(error))}") from error
    if not isinstance(content, dict):
        raise UserError(f"{path} holds a {type(content).__name__}, not a checkpoint")
    return content


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


def read_state_dict(source: str) -> dict[str, Tensor]:
    """Name -> tensor from a file, an ``https://`` link or ``torchvision://NAME``.

    Raises:
        UserError: the source can't be reached or read.
    """
    if "://" in source:
        content = _download(source)
    else:
        content = read_checkpoint(source)
    state = content.get("state_dict", content)
    return {name: tensor for name, tensor in state.items() if isinstance(tensor, Tensor)}


def _download(source: str) -> dict:
    from torchvision.models import get_model_weights

    scheme, name = source.split("://", 1)
    try:
        url = get_model_weights(name).DEFAULT.url if scheme == "torchvision" else source
        return torch.hub.load_state_dict_from_url(url, map_location="cpu", check_hash=True, weights_only=True)
    except Exception as error:
        raise UserError(
            f"can't fetch {source} ({error}): download the file on a machine with a network and give its path, "
            "--cfg-options model.pretrained=PATH"
        ) from error
