"""Lovász-softmax without void: a differentiable extension of 1 - IU (Berman et al., CVPR 2018, arXiv 1705.08790)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mmseg.models.losses import LovaszLoss
from mmseg.models.losses.lovasz_loss import lovasz_softmax_flat
from mmseg.registry import MODELS
from torch import Tensor

from ...errors import UserError
from ..decision import as_pair


@MODELS.register_module()
class FCNLovaszLoss(LovaszLoss):
    """Compute the mean over classes of 1 - IU of labelled pixels, by the Lovász extension to probabilities (eq. 8 to 11).

    It ranks the errors of all pixels of the batch, so it can't use a pixel sampler's weights. Each process computes the loss of its
    own images, as in :class:`.FCNDiceLoss`. One channel of logits z counts as (0, z).

    mmseg's ``LovaszLoss`` also ignores void, but returns an empty tensor, NaN in the log, for a batch without labelled
    pixels, fails if only one pixel is labelled, and refuses its own default ``reduction``.

    Args:
        classes: ``present`` for the mean over the classes in the labels, ``all``, or a list of classes.
        class_weight: one factor per class.
        loss_weight: factor of the loss.
        loss_name: key in the log.
    """

    def __init__(
        self,
        classes: str | Sequence[int] = "present",
        class_weight: Sequence[float] | None = None,
        loss_weight: float = 1.0,
        loss_name: str = "loss_lovasz",
    ) -> None:
        options = dict(class_weight=class_weight, loss_weight=loss_weight, loss_name=loss_name)
        super().__init__(classes=classes, reduction="none", **options)

    def forward(
        self, logits: Tensor, label: Tensor, weight: Tensor | None = None, ignore_index: int = 255, **kwargs: Any
    ) -> Tensor:
        """Compute the scalar loss, 0 without labelled pixels; UserError ``config-value`` with a pixel sampler."""
        if weight is not None or kwargs.get("reduction_override") == "none":
            reason = "FCNLovaszLoss ranks the errors of all pixels, but a pixel sampler skips some"
            raise UserError("config-value", f"{reason}: remove decode_head.sampler")
        valid = label != ignore_index
        logits = as_pair(logits.float()).movedim(1, -1)[valid]  # (labelled pixels, C)
        if not len(logits):
            return logits.sum()  # 0, with a gradient of 0
        factors = None if self.class_weight is None else logits.new_tensor(self.class_weight)
        return self.loss_weight * lovasz_softmax_flat(logits.softmax(1), label[valid], self.classes, factors)
