"""What an FCN head declares of its tensors, so that code for checkpoints and imported weights needs no layer names.

A new head defines the same four static functions, of keys as in the segmentor's state dict (``decode_head.score_fr.weight``).
It belongs in an FCN, which aligns it (``align``); mmseg's segmentors do not, and mmseg's heads can't be aligned.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from mmseg.registry import MODELS
from torch import Tensor

from ..errors import UserError

SCORE, UPSCORE = "decode_head.score_", "decode_head.upscore"


class ScoreNames:
    """Layers ``score_*`` and ``upscore*``, for a head to inherit."""

    def _transform_inputs(self, inputs: Sequence) -> list[Tensor]:
        """Select the streams; ``config-value`` in a segmentor of mmseg, which gives no (H, W) after them."""
        if isinstance(inputs[-1], Tensor):
            raise foreign_segmentor(type(self).__name__)
        return super()._transform_inputs(inputs)

    @staticmethod
    def class_dependent(key: str) -> bool:
        """Return whether a tensor's shape depends on the number of classes: scores, and kernels where they are learnable."""
        return key.startswith((SCORE, UPSCORE))

    may_be_new = class_dependent  # a file that training starts from may lack them: a parent has fewer streams

    @staticmethod
    def is_upsampling(key: str) -> bool:
        """Return whether a tensor is a kernel of an upsampling; its factor depends on the streams, as does its parent's."""
        return key.startswith(UPSCORE)

    @staticmethod
    def count_classes(state: Mapping[str, Tensor]) -> int | None:
        """Return the number of classes that the scores of a state dict are for; None where it has no scores.

        One channel with a sigmoid counts as 1: it does not fit the two channels of two classes.
        """
        return next((len(tensor) for key, tensor in state.items() if key.startswith(SCORE) and tensor.ndim), None)


def require_own_head(head: dict) -> None:
    """Refuse a head of mmseg in an FCN: ``config-value``."""
    kind = _class_of(head)
    if kind is not None and not hasattr(kind, "align"):
        found = f"model.decode_head is {kind.__name__}, which an FCN can't align"
        raise UserError("config-value", f"{found}: take FCNSkipHead, or model.type='EncoderDecoder' with this head")


def require_own_segmentor(model: dict) -> None:
    """Refuse an FCN's head in a segmentor of mmseg: ``config-value``."""
    segmentor, head = _class_of(model), _class_of(model["decode_head"])
    if segmentor is not None and hasattr(head, "align") and not hasattr(segmentor, "assumptions"):
        raise foreign_segmentor(head.__name__, segmentor.__name__)


def foreign_segmentor(head: str, segmentor: str = "a segmentor of mmseg") -> UserError:
    """Return the error for an FCN's head that nobody has aligned."""
    remedy = "set model.type='FCN', with FCNSkipNeck, or take a head of mmseg"
    return UserError("config-value", f"model.decode_head is {head} in {segmentor}, which does not align it: {remedy}")


def _class_of(entry: Any) -> type | None:
    kind = entry.get("type") if isinstance(entry, dict) else None
    kind = MODELS.get(kind) if isinstance(kind, str) else kind
    return kind if inspect.isclass(kind) else None
