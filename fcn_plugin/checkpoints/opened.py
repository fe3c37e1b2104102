"""An opened checkpoint: verified and read once, it goes to whoever needs it."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from ..errors import UserError
from .read import read_checkpoint, require_finite


class Checkpoint:
    """A verified file and what it holds; made by :func:`open_checkpoint`.

    Args:
        path: the file.
        content: a dictionary with ``state_dict`` and, from training, ``meta``, ``optimizer`` and more; or a bare state dict.
    """

    def __init__(self, path: str, content: dict) -> None:
        self.path, self.content = path, content

    @property
    def state_dict(self) -> dict[str, Tensor]:
        """The tensors by name, without the prefix ``module.`` of wrapped nets; a new dictionary each time.

        Raises:
            UserError: ``checkpoint-damaged``, something else is where the weights should be.
        """
        state = self.content.get("state_dict", self.content)
        if not isinstance(state, Mapping):
            raise UserError(
                "checkpoint-damaged", f"{self.path} holds a {type(state).__name__} as state_dict, no tensors by name"
            )
        return {str(name).removeprefix("module."): value for name, value in state.items() if isinstance(value, Tensor)}

    @property
    def meta(self) -> dict:
        """What the run noted beside the weights; empty where it noted nothing."""
        meta = self.content.get("meta")
        return meta if isinstance(meta, dict) else {}

    def require_finite(self) -> None:
        """Raise a UserError (``checkpoint-nan``) where the weights or their running average hold NaN or infinity."""
        require_finite(self.state_dict, self.path)
        average = self.content.get("ema_state_dict")
        require_finite(average if isinstance(average, Mapping) else {}, self.path)

    def require_resumable(self, optimizer: bool = True, schedule: bool = True) -> None:
        """Raise a UserError (``checkpoint-resume``) where a run could not continue from it.

        Args:
            optimizer: whether the run saves its optimizer's state.
            schedule: whether it has schedules, and saves theirs.
        """
        needs = dict(optimizer=optimizer, param_schedulers=schedule)
        lacks = [] if "iter" in self.meta else ["meta.iter"]
        lacks += [name for name, needed in needs.items() if needed and name not in self.content]
        if lacks:
            raise UserError(
                "checkpoint-resume",
                f"{self.path} lacks {', '.join(lacks)}, so a run can't continue from it (the best checkpoints hold weights alone): "
                "resume from an iter_N.pth, or start from these weights with --load-from",
            )


def open_checkpoint(path: str, map_location=None) -> Checkpoint:
    """Open a file; arguments and errors as of :func:`~.read.read_checkpoint`."""
    return Checkpoint(path, read_checkpoint(path, map_location))
