"""Tensors by name from wherever weights come: a file of any known kind, a link, torchvision's own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlparse

import torch
from torch import Tensor

from ...errors import UserError
from .caffe import read_caffemodel
from .read import file_kind, read_checkpoint, require_checkpoint


def read_state_dict(source: str) -> dict[str, Tensor]:
    """Name -> tensor from a file of any known kind, an ``https://`` link or ``torchvision://NAME``.

    Raises:
        UserError: the source can't be reached or read.
    """
    path = _download(source) if "://" in source else source
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


def _download(source: str) -> str:
    """Fetch a link into torch's cache, once; the file's name may carry the start of its SHA-256, as torchvision's do."""
    from torchvision.models import get_model_weights

    scheme, name = source.split("://", 1)
    if scheme not in ("https", "torchvision"):
        raise UserError(f"{source}: weights come from a file, an https:// link or torchvision://NAME")
    try:
        url = get_model_weights(name).DEFAULT.url if scheme == "torchvision" else source
        file = Path(urlparse(url).path).name
        path = Path(torch.hub.get_dir()) / "checkpoints" / file
        if not path.is_file():
            path.parent.mkdir(parents=True, exist_ok=True)
            checksum = re.search(r"-([0-9a-f]{8,64})\.", file)  # torch's own pattern takes vgg-face.pth for one
            torch.hub.download_url_to_file(url, str(path), checksum and checksum[1])
    except Exception as error:
        raise UserError(
            f"can't fetch {source} ({error}): download the file on a machine with a network and give its path, "
            "--cfg-options model.pretrained=PATH"
        ) from error
    return str(path)
