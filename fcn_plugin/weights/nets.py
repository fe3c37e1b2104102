"""What weights need to know of a net: the parts of an FCN, which say themselves what each of their tensors is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from torch import Tensor, nn


class Head(Protocol):
    """The head of an FCN."""

    streams: tuple[str, ...]

    def is_upsampling(self, key: str, /) -> bool:
        """Return whether a tensor is an upsampling kernel."""

    def may_be_new(self, key: str, /) -> bool:
        """Return whether a file that training starts from may lack a tensor."""


class Neck(Protocol):
    """The neck of an FCN."""

    fc_channels: int | None
    scales: tuple[float, ...]

    def may_be_new(self, key: str, /) -> bool:
        """Return whether a file that training starts from may lack a tensor."""


class Net(Protocol):
    """An FCN, or one trunk of a fused one; ``preprocessing`` is the record of :mod:`.preprocessing`."""

    backbone: nn.Module
    neck: Neck
    decode_head: Head
    data_preprocessor: nn.Module
    preprocessing: Tensor

    def state_dict(self) -> Mapping[str, Tensor]:
        """Return the tensors by name."""

    def load_state_dict(self, state_dict: Mapping[str, Tensor], strict: bool = True) -> Any:
        """Copy tensors into the net."""
