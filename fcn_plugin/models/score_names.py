"""What an FCN head declares of its tensors, so that code for checkpoints and imported weights needs no layer names.

A new head defines the same four static functions, of keys as in the segmentor's state dict (``decode_head.score_fr.weight``).
"""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

SCORE, UPSCORE = "decode_head.score_", "decode_head.upscore"


class ScoreNames:
    """Layers ``score_*`` and ``upscore*``, for a head to inherit."""

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
