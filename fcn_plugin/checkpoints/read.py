"""Read a checkpoint file: all of it or nothing, and without running code from it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import safe_open
from torch import Tensor

from ..errors import UserError, abbreviate
from .checksum import verify
from .config_text import drop_programs
from .pickles import load_pickled


def read_checkpoint(path: str, map_location=None) -> dict:
    """Verify a file, read it and take programs out of the configs in it; it is hashed once and unpickled once.

    Args:
        path: what ``torch.save`` wrote, or safetensors.
        map_location: as ``torch.load`` takes it; None is the CPU. Weights of safetensors stay on the CPU.

    Returns:
        The content; of safetensors ``state_dict`` and ``meta``.

    Raises:
        UserError: the message begins with the path. ``checkpoint-missing``; ``file-access``; ``checkpoint-damaged``: another
            checksum, another CRC, or not a checkpoint; ``checkpoint-code``: it would run code.
    """
    require_checkpoint(path)
    verify(path)
    content = _read_safetensors(path) if file_kind(path) == "safetensors" else load_pickled(path, map_location)
    if not isinstance(content, dict):
        raise UserError("checkpoint-damaged", f"{path} holds a {type(content).__name__}, not a checkpoint")
    drop_programs(content, path)
    return content


def require_checkpoint(path: str) -> None:
    """Raise a UserError (``checkpoint-missing``) where there is no such file."""
    if not Path(path).is_file():
        raise UserError(
            "checkpoint-missing",
            f"no checkpoint at {path}: give the path of a weight file, such as iter_2000.pth",
        )


def require_finite(state: Mapping[str, Tensor], path: str) -> None:
    """Raise a UserError (``checkpoint-nan``) where a file's weights hold NaN or infinity."""
    broken = [name for name, value in state.items() if isinstance(value, Tensor) and not torch.isfinite(value).all()]
    if broken:
        raise UserError(
            "checkpoint-nan",
            f"{path} holds NaN or infinite values in {abbreviate(broken)}: training diverged. Use an earlier checkpoint, or train "
            "again with a lower learning rate",
        )


def file_kind(path: str) -> str:
    """Tell ``pytorch``, ``safetensors`` or ``caffemodel`` by the file's first bytes."""
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
        raise UserError(
            "checkpoint-damaged", f"{path} can't be read as safetensors ({error}): take another copy"
        ) from error
    return {"state_dict": state, "meta": meta}
