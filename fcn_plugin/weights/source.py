"""Tensors by name from wherever weights come: a file of any known kind, a link, torchvision's own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from ..checkpoints.read import file_kind, read_checkpoint, require_checkpoint
from ..errors import UserError
from .caffe import read_caffemodel
from .links import fetch


def read_state_dict(source: str) -> dict[str, Tensor]:
    """Name -> tensor from a file of any known kind, an ``https://`` link or ``torchvision://NAME``.

    Raises:
        UserError: the source can't be reached or read.
    """
    path = fetch(source) if "://" in source else source
    require_checkpoint(path)
    if file_kind(path) == "caffemodel":
        return read_caffemodel(path)
    content = read_checkpoint(path)
    # torchfcn's training checkpoints say model_state_dict
    state = next((content[key] for key in ("state_dict", "model_state_dict") if key in content), content)
    if not isinstance(state, Mapping):
        raise UserError(
            f"{source} holds a {type(state).__name__} where its weights should be: it is no checkpoint of a net"
        )
    return {str(name).removeprefix("module."): tensor for name, tensor in state.items() if isinstance(tensor, Tensor)}


def is_caffemodel(source: str) -> bool:
    """Whether it is a file of Caffe's."""
    return Path(source).is_file() and file_kind(source) == "caffemodel"
