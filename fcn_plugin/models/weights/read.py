"""Read tensors from a checkpoint file or link, without running code from it."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from ...errors import UserError


def read_checkpoint(path: str) -> dict:
    """What a local checkpoint file holds, loaded with ``weights_only=True``.

    Raises:
        UserError: no such file, not a checkpoint, or one that would run code.
    """
    if not Path(path).is_file():
        raise UserError(f"no checkpoint at {path}: give the path of a .pth file, as training leaves it in its work dir")
    # mmengine's resume records (message hub) are part of its checkpoints
    from mmengine.logging import HistoryBuffer

    try:
        with torch.serialization.safe_globals([HistoryBuffer, *_numpy_globals()]):
            content = torch.load(path, map_location="cpu", weights_only=True, mmap=False)
    except Exception as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise UserError(f"{path} can't be read as a checkpoint of plain tensors ({reason}): truncated, or from another program") from error
    if not isinstance(content, dict):
        raise UserError(f"{path} holds a {type(content).__name__}, not a checkpoint")
    return content


def _numpy_globals() -> list:
    import numpy as np

    kinds = (np.float64, np.float32, np.int64, np.int32, np.bool_)
    return [np._core.multiarray._reconstruct, np._core.multiarray.scalar, np.ndarray, np.dtype, *(type(np.dtype(k)) for k in kinds)]


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
