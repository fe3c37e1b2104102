"""Functions by which an FCN head describes its tensors, so that code for checkpoints and weights needs no layer names.

A new head defines the same four static functions, for keys of the segmentor's state dict (``decode_head.score_fr.weight``).
It works only in an FCN, which aligns it (``align``); mmseg's segmentors do not, and mmseg's heads can't be aligned.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from mmseg.registry import MODELS
from torch import Tensor

from ..errors import UserError

SCORE, UPSCORE = "decode_head.score_", "decode_head.upscore"


class ScoreNames(BaseDecodeHead):
    """Layers ``score_*`` and ``upscore*`` of a head."""

    def _transform_inputs(self, inputs: Sequence[Any]) -> list[Tensor]:
        """Select the streams; UserError ``config-value`` in a segmentor of mmseg, which passes no (H, W) after them."""
        if isinstance(inputs[-1], Tensor):
            raise foreign_segmentor(type(self).__name__)
        return super()._transform_inputs(inputs)

    @staticmethod
    def class_dependent(key: str) -> bool:
        """Return whether a tensor's shape depends on the number of classes: scores, and learnable kernels."""
        return key.startswith((SCORE, UPSCORE))

    may_be_new = class_dependent  # a file that training starts from may lack them: a parent has fewer streams

    @staticmethod
    def is_upsampling(key: str) -> bool:
        """Return whether a tensor is an upsampling kernel, whose factor depends on the streams."""
        return key.startswith(UPSCORE)

    @staticmethod
    def count_classes(state: Mapping[str, Tensor]) -> int | None:
        """Return the number of classes of a state dict's scores; None if it has no scores.

        One channel with a sigmoid counts as 1: it does not fit the two channels of two classes.
        """
        return next((len(tensor) for key, tensor in state.items() if key.startswith(SCORE) and tensor.ndim), None)


def require_own_head(head: dict[str, Any]) -> None:
    """Raise UserError ``config-value`` for a head of mmseg in an FCN."""
    kind = _class_of(head)
    if kind is not None and not hasattr(kind, "align"):
        found = f"model.decode_head is {kind.__name__}, which an FCN can't align"
        raise UserError("config-value", f"{found}: use FCNSkipHead, or model.type='EncoderDecoder' with this head")


def require_own_segmentor(model: dict[str, Any]) -> None:
    """Raise UserError ``config-value`` for an FCN's head in a segmentor of mmseg."""
    segmentor, head = _class_of(model), _class_of(model["decode_head"])
    if segmentor and head and hasattr(head, "align") and not hasattr(segmentor, "assumptions"):
        raise foreign_segmentor(head.__name__, segmentor.__name__)


def foreign_segmentor(head: str, segmentor: str = "a segmentor of mmseg") -> UserError:
    """Return the error for an FCN's head in a segmentor that does not align it."""
    remedy = "set model.type='FCN', with FCNSkipNeck, or use a head of mmseg"
    return UserError("config-value", f"model.decode_head is {head} in {segmentor}, which does not align it: {remedy}")


def _class_of(entry: Any) -> type | None:
    kind = entry.get("type") if isinstance(entry, dict) else None
    kind = MODELS.get(kind) if isinstance(kind, str) else kind
    return kind if inspect.isclass(kind) else None
