"""Soft Dice loss without void."""

from __future__ import annotations

from typing import Any

import torch
from mmseg.models.losses import DiceLoss
from mmseg.registry import MODELS
from torch import Tensor

from ...errors import UserError
from ..decision import as_pair
from ..precision import at_least_float32


@MODELS.register_module()
class FCNDiceLoss(DiceLoss):
    """Compute the soft Dice loss (V-Net, Milletari et al. 2016, arXiv 1606.04797, eq. 3), the mean over the batch's classes.

    For a class with probabilities p and truth t it is 1 - 2 sum(p t) / (sum(p^2) + sum(t^2)); all classes count the same, even with
    few pixels. Each process computes the loss of its own images, and a step minimises the mean of these.

    mmseg's ``DiceLoss`` keeps void pixels in the divisor, computes one ratio over all classes, in which large ones dominate, and
    fails with a pixel sampler's weights.

    Args:
        naive_dice: use plain sums in the divisor, without squares.
        loss_weight: factor of the loss.
        eps: keeps the ratio finite.
        loss_name: key in the log.
    """

    def __init__(
        self, naive_dice: bool = False, loss_weight: float = 1.0, eps: float = 1e-3, loss_name: str = "loss_dice"
    ) -> None:
        # mmseg's ignore_index is a class to skip, not void
        options = dict(naive_dice=naive_dice, loss_weight=loss_weight, eps=eps, loss_name=loss_name)
        super().__init__(activate=False, ignore_index=None, **options)

    def forward(
        self, logits: Tensor, label: Tensor, weight: Tensor | None = None, ignore_index: int = 255, **kwargs: Any
    ) -> Tensor:
        """Compute the scalar loss, 0 without labelled pixels; UserError ``config-value`` if a sampler needs a loss per pixel."""
        if kwargs.get("reduction_override") == "none":
            reason = "OHEMPixelSampler ranks pixels by their loss, but Dice has no loss per pixel"
            raise UserError("config-value", f"{reason}: set decode_head.sampler.thresh")
        valid = label != ignore_index
        if label.dim() == logits.dim():
            probability, truth = at_least_float32(logits).sigmoid() * valid, (label == 1).float()
        else:
            probability = as_pair(at_least_float32(logits)).softmax(1)
            counted = (valid if weight is None else valid * weight)[:, None].to(probability.dtype)
            probability = probability * counted
            truth = torch.zeros_like(probability).scatter_(1, label.where(valid, 0)[:, None], counted)
        rows = [values.transpose(0, 1).flatten(1) for values in (probability, truth)]  # (C, N H W)
        shown = rows[1].any(1).float()
        return super().forward(*rows, weight=shown, avg_factor=shown.sum())
