"""Soft Dice loss per class over the labelled pixels (V-Net, Milletari et al. 2016, arXiv 1606.04797, eq. 3).

N batch, C classes. For a class with probabilities p and truth t, 1 - 2 sum(p t) / (sum(p^2) + sum(t^2)).
"""

from __future__ import annotations

import torch
from mmseg.models.losses import DiceLoss
from mmseg.registry import MODELS
from torch import Tensor

from ...errors import UserError


@MODELS.register_module()
class FCNDiceLoss(DiceLoss):
    """Mean over the classes that the batch's labels show; each counts alike, however few its pixels.

    mmseg's ``DiceLoss`` keeps the scores of void pixels in the sum below the line, takes one ratio over all classes at once,
    which lets large ones rule, and fails with the weights of a pixel sampler. Use that one again once it does none of it.

    Dice is no sum over pixels: each of several processes takes that of its own images, and a step follows the mean of these.

    Args:
        naive_dice: plain sums below the line, without squares.
        loss_weight: factor of the whole.
        eps: keeps the ratio finite.
        loss_name: key in the log.
    """

    def __init__(
        self, naive_dice: bool = False, loss_weight: float = 1.0, eps: float = 1e-3, loss_name: str = "loss_dice"
    ) -> None:
        # ignore_index names a class to mmseg, which it would leave out
        super().__init__(
            activate=False,
            naive_dice=naive_dice,
            loss_weight=loss_weight,
            ignore_index=None,
            eps=eps,
            loss_name=loss_name,
        )

    def forward(
        self,
        logits: Tensor,
        label: Tensor,
        weight: Tensor | None = None,
        ignore_index: int = 255,
        reduction_override: str | None = None,
        **kwargs,
    ) -> Tensor:
        """Scalar loss of (N, C, H, W) logits and (N, H, W) labels; 0 where no pixel counts.

        Args:
            logits: scores, any float type.
            label: class ids or ``ignore_index``.
            weight: (N, H, W) factor per pixel, from a pixel sampler.
            ignore_index: the id of void.
            reduction_override: asked for by a pixel sampler that ranks pixels by their loss.

        Raises:
            UserError: a loss per pixel is asked for, which Dice has not.
        """
        if reduction_override == "none":
            raise UserError(
                "OHEMPixelSampler ranks pixels by their loss, and Dice has none per pixel: set decode_head.sampler.thresh"
            )
        valid = label != ignore_index
        counted = (valid if weight is None else valid * weight).float()[:, None]
        probability = logits.float().softmax(1) * counted
        truth = torch.zeros_like(probability).scatter_(1, label.where(valid, 0)[:, None], counted)
        rows = [one.transpose(0, 1).flatten(1) for one in (probability, truth)]  # (C, N H W)
        shown = rows[1].any(1).float()
        return super().forward(*rows, weight=shown, avg_factor=shown.sum())
