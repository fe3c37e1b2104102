"""Per-pixel softmax loss over the labelled pixels (CVPR 2015, sec. 4.3).

N batch, C classes. mmseg's ``CrossEntropyLoss(avg_non_ignore=True)`` fails with class weights (it indexes
weights by the label map's mask); use that one again once it does not.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from mmseg.registry import MODELS
from torch import Tensor, nn

from ...errors import UserError
from .joint_batch import joint_sum, sharing


@MODELS.register_module()
class FCNCrossEntropyLoss(nn.Module):
    """Cross entropy in float32; void pixels count neither above nor below the line.

    Both reductions run over the pixels of all processes of a training, however void is spread over them (:mod:`.joint_batch`).
    With OHEM each process picks its pixels among its own.

    Args:
        reduction: ``mean`` over labelled pixels (weighted by class, if so) or ``sum``, the papers' unnormalised loss.
        class_weight: one factor per class.
        loss_weight: factor of the whole.
        loss_name: key in the log.

    Raises:
        UserError: unknown reduction.
    """

    def __init__(
        self,
        reduction: str = "mean",
        class_weight: Sequence[float] | None = None,
        loss_weight: float = 1.0,
        loss_name: str = "loss_ce",
    ) -> None:
        super().__init__()
        if reduction not in ("mean", "sum"):
            raise UserError(f"reduction {reduction!r} is unknown: 'mean' or 'sum'")
        self.reduction = reduction
        self.class_weight = class_weight
        self.loss_weight = loss_weight
        self.loss_name = loss_name

    def forward(
        self,
        logits: Tensor,
        label: Tensor,
        weight: Tensor | None = None,
        ignore_index: int = 255,
        reduction_override: str | None = None,
        **kwargs,
    ) -> Tensor:
        """Scalar loss of (N, C, H, W) logits and (N, H, W) labels; 0 where no pixel counts. In training all processes have to ask.

        Args:
            logits: scores, any float type.
            label: class ids or ``ignore_index``.
            weight: (N, H, W) factor per pixel, from a pixel sampler.
            ignore_index: the id of void.
            reduction_override: ``none`` gives the loss of each pixel, (N, H, W), as a pixel sampler asks for.
        """
        logits = logits.float()
        factors = logits.new_tensor(self.class_weight) if self.class_weight is not None else None
        each = reduction_override == "none"
        reduction = "sum" if weight is None and not each else "none"
        loss = F.cross_entropy(logits, label, factors, ignore_index=ignore_index, reduction=reduction)
        if each:
            return self.loss_weight * loss
        total = loss if weight is None else (loss * weight).sum()
        if self.reduction == "mean":
            valid = label[label != ignore_index]
            count = factors[valid].sum() if factors is not None else total.new_tensor(valid.numel())
            count = joint_sum(count)
            total = total / torch.where(count > 0, count, torch.ones_like(count))
        return self.loss_weight * sharing() * total
