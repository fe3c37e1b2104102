"""Read a checkpoint file completely or not at all, without running code from it."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from torch import Tensor
from torch.serialization import MAP_LOCATION

from ..errors import UserError, abbreviate
from .checksum import verify
from .config_text import drop_programs
from .contents import check_contents
from .pickles import load_pickled

NOTES = ("log_scalars", "runtime_info", "resumed_keys")  # of mmengine's message hub
# types of the notes in its runtime_info, by the start of their names
KINDS = dict(
    best_ckpt=str,
    best_score=int | float,
    keep_ckpt_ids=list,
    last_validation=int,
    returns=int,
    skipped_batches=int,
    stopping_best=int | float,
    stopping_waited=int,
    stopping_last=int,
)


@dataclass(frozen=True)
class Checkpoint:
    """A file that :func:`open_checkpoint` has verified and read once.

    Args:
        path: the file.
        content: a dictionary with ``state_dict`` and, from training, ``meta``, ``optimizer`` and more; or a bare state dict.
    """

    path: str
    content: dict[str, Any]

    @property
    def state_dict(self) -> dict[str, Tensor]:
        """Tensors by name, without the prefix ``module.`` of wrapped nets; a new dictionary each time."""
        return tensors_by_name(self.content.get("state_dict", self.content))

    @property
    def meta(self) -> dict[str, Any]:
        """Meta information stored with the weights; may be empty."""
        return self.content.get("meta", {})

    def require_finite(self) -> None:
        """Raise a UserError (checkpoint-nan) if the weights or their running average contain NaN or infinity."""
        require_finite(self.state_dict, self.path)
        require_finite(self.content.get("ema_state_dict", {}), self.path)

    def require_resumable(
        self, end: tuple[str, float] = ("iter", math.inf), optimizer: bool = True, schedule: bool = True
    ) -> None:
        """Raise a UserError (checkpoint-resume) if a run with this end, which saves these states, could not resume."""
        counts = {name: self.meta.get(name) for name in ("iter", "epoch")} | {"seed": self.meta.get("seed") or 0}
        lacks = [f"meta.{name}" for name, count in counts.items() if type(count) is not int or not 0 <= count < 2**32]
        needs = dict(optimizer=optimizer, param_schedulers=schedule)
        lacks += [name for name, needed in needs.items() if needed and name not in self.content]
        hub = self.content.get("message_hub")
        if not isinstance(hub, dict) or not all(isinstance(hub.get(name), dict) for name in NOTES):
            lacks.append(f"message_hub with {', '.join(NOTES)}")
            hub = {key: {} for key in NOTES}
        for name, note in hub["runtime_info"].items():
            kinds = [kind for start, kind in KINDS.items() if name.startswith(start)]
            lacks += [f"a usable {name}" for kind in kinds if not isinstance(note, kind)]
        lacks += [f"a usable {name}" for name, kept in hub["resumed_keys"].items() if not isinstance(kept, bool)]
        if lacks:
            raise UserError(
                "checkpoint-resume",
                f"{self.path} lacks {', '.join(lacks)}, so a run can't resume from it (best checkpoints contain only weights): "
                "resume from an iter_N.pth, or start a new run with --load-from",
            )
        if (done := counts[end[0]]) > end[1]:
            found = f"{self.path} has meta.{end[0]}={done}, but the config ends after train_cfg.max_{end[0]}s={end[1]}"
            raise UserError("checkpoint-resume", f"{found}: increase it")


def open_checkpoint(path: str, map_location: MAP_LOCATION = None) -> Checkpoint:
    """Open a file; arguments and errors as in :func:`read_checkpoint`."""
    return Checkpoint(path, read_checkpoint(path, map_location))


def read_checkpoint(path: str, map_location: MAP_LOCATION = None) -> dict[str, Any]:
    """Verify and read a file, and remove programs from configs in it.

    Args:
        path: file of ``torch.save`` or safetensors.
        map_location: as for ``torch.load``; None: the CPU. Weights of safetensors stay on the CPU.

    Returns:
        The content; for safetensors ``state_dict`` and ``meta``.

    Raises:
        UserError: checkpoint-missing, file-access, checkpoint-damaged, checkpoint-code; the message begins with the path.
    """
    require_checkpoint(path)
    verify(path)
    content = _read_safetensors(path) if file_kind(path) == "safetensors" else load_pickled(path, map_location)
    check_contents(content, path)
    drop_programs(content, path)
    return content


def tensors_by_name(state: Mapping[Any, Any]) -> dict[str, Tensor]:
    """Return the tensors of a state dict, without the prefix ``module.`` of wrapped nets."""
    return {str(name).removeprefix("module."): value for name, value in state.items() if isinstance(value, Tensor)}


def require_checkpoint(path: str) -> None:
    """Raise a UserError (checkpoint-missing) if the file is missing."""
    if not Path(path).is_file():
        message = f"no checkpoint at {path}: give the path of a weight file, such as iter_2000.pth"
        raise UserError("checkpoint-missing", message)


def require_finite(state: Mapping[str, Tensor], path: str) -> None:
    """Raise a UserError (checkpoint-nan) if a file's weights contain NaN or infinity."""
    broken = [name for name, value in state.items() if isinstance(value, Tensor) and not torch.isfinite(value).all()]
    if broken:
        raise UserError(
            "checkpoint-nan",
            f"{path} has NaN or infinite values in {abbreviate(broken)}: training diverged. Use an earlier checkpoint, or train "
            "again with a lower learning rate",
        )


def file_kind(path: str) -> str:
    """Detect ``pytorch``, ``safetensors`` or ``caffemodel`` from the file's first bytes."""
    with open(path, "rb") as file:
        start = file.read(9)
    if start[4:] == bytes(4) + b"{":  # checked first, since the length before it may look like a zip or pickle
        return "safetensors"
    return "pytorch" if start[:2] == b"PK" or start[:1] in (b"\x80", b"") else "caffemodel"


def _read_safetensors(path: str) -> dict[str, Any]:
    try:
        with safe_open(path, "pt") as file:
            state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
            notes = file.metadata() or {}
            meta = {"dataset_meta": json.loads(notes["dataset_meta"])} if "dataset_meta" in notes else {}
    except Exception as error:
        message = f"{path} can't be read as safetensors ({error}): use another copy"
        raise UserError("checkpoint-damaged", message) from error
    return {"state_dict": state, "meta": meta}
