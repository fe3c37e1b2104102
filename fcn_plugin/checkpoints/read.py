"""Read a checkpoint file: whole, and without running code from it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from safetensors import safe_open
from torch import Tensor

from ..errors import UserError
from .checksum import verify
from .config_text import drop_programs
from .pickles import load_pickled


def require_checkpoint(path: str) -> None:
    """Raise a UserError where there is no such file."""
    if not Path(path).is_file():
        raise UserError(
            f"no checkpoint at {path}: give the path of a weight file, as training leaves it in its work dir"
        )


def read_checkpoint(path: str, map_location=None) -> dict:
    """What a local checkpoint file holds, once its checksum is right; safetensors as ``state_dict`` and ``meta``.

    Args:
        path: the file.
        map_location: as ``torch.load`` takes it; None is the CPU. Weights of safetensors stay on the CPU.

    Raises:
        UserError: no such file, damaged, not a checkpoint, or one that would run code.
    """
    require_checkpoint(path)
    verify(path)
    if file_kind(path) == "safetensors":
        return _read_safetensors(path)
    content = load_pickled(path, map_location)
    if not isinstance(content, dict):
        raise UserError(f"{path} holds a {type(content).__name__}, not a checkpoint")
    drop_programs(content, path)
    return content


def require_finite(state: Mapping[str, Tensor], path: str) -> None:
    """Raise a UserError where a file's weights hold NaN or infinity."""
    broken = [name for name, tensor in state.items() if isinstance(tensor, Tensor) and not torch.isfinite(tensor).all()]
    if broken:
        raise UserError(
            f"{path} holds NaN or infinite values in {abbreviate(broken)}: training diverged; use an earlier checkpoint "
            "or train again with a lower learning rate"
        )


def abbreviate(names: Sequence[str]) -> str:
    """The first three names and how many more there are."""
    return ", ".join(names[:3]) + (f", ... {len(names) - 3} more" if len(names) > 3 else "")


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
