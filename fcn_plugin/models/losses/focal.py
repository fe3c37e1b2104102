"""Focal loss of sigmoids without void (Lin et al., ICCV 2017, arXiv 1708.02002, eq. 5)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from mmseg.models.losses.focal_loss import py_sigmoid_focal_loss
from mmseg.registry import MODELS
from torch import Tensor, nn

from ..joint import joint_sum, sharing
from ..precision import at_least_float32


@MODELS.register_module()
class FCNFocalLoss(nn.Module):
    """Compute -a (1 - p)^gamma log p, p the probability of the truth, with one sigmoid per class (one against the rest).

    a is ``alpha`` for pixels of the class, 1 - ``alpha`` for others. The mean is over the labelled pixels and classes of all
    processes; void pixels count neither in the sum nor in the divisor. The label is still that of the largest logit.

    mmseg's ``FocalLoss`` counts void in the divisor. On CPU it fails for two channels and more (it uses only one
    column of the one-hot labels); on GPU it needs a compiled mmcv operation.

    Args:
        gamma: how much less easy pixels count; 0 is a binary cross-entropy times ``alpha``.
        alpha: one number, or one per class.
        class_weight: one factor per class.
        loss_weight: factor of the loss.
        loss_name: key in the log.
    """

    use_sigmoid = True

    def __init__(
        self,
        gamma: float = 2.0,
        alpha: float | Sequence[float] = 0.5,
        class_weight: Sequence[float] | None = None,
        loss_weight: float = 1.0,
        loss_name: str = "loss_focal",
    ) -> None:
        super().__init__()
        self.gamma, self.alpha = gamma, alpha if isinstance(alpha, float) else list(alpha)
        self.class_weight, self.loss_weight, self.loss_name = class_weight, loss_weight, loss_name

    def forward(
        self, logits: Tensor, label: Tensor, weight: Tensor | None = None, ignore_index: int = 255, **kwargs: Any
    ) -> Tensor:
        """Compute the scalar loss, 0 without labelled pixels. See :func:`.pixel_losses` for the arguments.

        ``reduction_override="none"`` returns the loss of each pixel, (N, H, W), for a pixel sampler.
        """
        logits, label = at_least_float32(logits), label if label.dim() == logits.dim() else label[:, None]
        valid = (label != ignore_index).expand_as(logits)
        if label.shape[1] < logits.shape[1]:
            truth = torch.zeros_like(logits).scatter_(1, label.where(valid[:, :1], 0), 1)
        else:
            truth = (label == 1).float()
        rows = [values.movedim(1, -1).flatten(0, -2) for values in (logits, truth)]  # (N H W, C)
        options = dict(gamma=self.gamma, alpha=self.alpha, class_weight=self.class_weight, reduction="none")
        loss = py_sigmoid_focal_loss(*rows, **options).unflatten(0, (len(logits), *logits.shape[2:])).movedim(-1, 1)
        loss = self.loss_weight * torch.where(valid, loss, 0)
        if kwargs.get("reduction_override") == "none":
            return loss.mean(1)
        total = loss.sum() if weight is None else (loss * weight[:, None]).sum()
        return sharing() * total / joint_sum(valid.sum()).clamp(min=1)
