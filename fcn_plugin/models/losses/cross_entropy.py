"""Softmax loss per pixel (CVPR 2015, sec. 4.3), and a variant that weights boundaries more.

N batch, C classes; void is the id without loss or score. Labels are class ids (N, H, W), or multi-label (N, C, H, W) with
1 where a pixel has the label. Collective in training (:mod:`..joint`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from mmseg.registry import MODELS
from torch import Tensor, nn

from ...errors import UserError
from ..decision import as_pair
from ..joint import joint_sum, sharing
from ..precision import at_least_float32


@MODELS.register_module()
class FCNCrossEntropyLoss(nn.Module):
    """Compute the per-pixel softmax loss (CVPR 2015, sec. 4.3) in float32, without void pixels in the sum or the mean's divisor.

    One channel of logits z counts as (0, z): the binary cross-entropy of z's sigmoid. Multi-label, each label has this
    loss and its own void pixels, and the mean is over pixels and labels.

    Both reductions run over the pixels of all processes. With OHEM, each process picks among its own pixels. mmseg's
    ``CrossEntropyLoss(avg_non_ignore=True)`` fails with class weights (it indexes weights with the label map's mask).

    Args:
        reduction: ``mean`` over labelled pixels (weighted by class, if set) or ``sum``, the papers' unnormalised loss.
        class_weight: one factor per class or label.
        loss_weight: factor of the loss.
        loss_name: key in the log.
        use_sigmoid: True for one channel or multi-label, as in mmseg's ``CrossEntropyLoss``; the head refuses a mismatch.

    Raises:
        UserError: ``config-value`` for an unknown reduction.
    """

    def __init__(
        self,
        reduction: str = "mean",
        class_weight: Sequence[float] | None = None,
        loss_weight: float = 1.0,
        loss_name: str = "loss_ce",
        use_sigmoid: bool = False,
    ) -> None:
        super().__init__()
        if reduction not in ("mean", "sum"):
            raise UserError("config-value", f"unknown reduction {reduction!r}: give 'mean' or 'sum'")
        self.reduction, self.class_weight = reduction, class_weight
        self.loss_weight, self.loss_name, self.use_sigmoid = loss_weight, loss_name, use_sigmoid

    def forward(
        self, logits: Tensor, label: Tensor, weight: Tensor | None = None, ignore_index: int = 255, **kwargs: Any
    ) -> Tensor:
        """Compute the scalar loss, 0 without labelled pixels. See :func:`pixel_losses` for the arguments.

        ``reduction_override="none"`` returns the loss of each pixel, (N, H, W), for a pixel sampler.
        """
        if label.dim() == logits.dim():
            return self._of_labels(at_least_float32(logits), label, label != ignore_index)
        logits = as_pair(at_least_float32(logits))
        factors = logits.new_tensor(self.class_weight) if self.class_weight is not None else None
        each = kwargs.get("reduction_override") == "none"
        reduction = "sum" if weight is None and not each else "none"
        loss = F.cross_entropy(logits, label, factors, ignore_index=ignore_index, reduction=reduction)
        if each:
            return self.loss_weight * loss
        return self.of_sum(loss if weight is None else (loss * weight).sum(), label, ignore_index)

    def of_sum(self, total: Tensor, label: Tensor, ignore_index: int) -> Tensor:
        """Compute the scalar loss from the pixels' sum, in which class weights count; ``label`` (N, H, W) is for the mean."""
        if self.reduction == "mean":
            valid = label != ignore_index
            if self.class_weight is not None:
                valid = total.new_tensor(self.class_weight)[label[valid]]
            count = joint_sum(valid.sum().to(total.dtype))
            total = total / count.where(count > 0, 1)
        return self.loss_weight * sharing() * total

    def _of_labels(self, logits: Tensor, label: Tensor, valid: Tensor) -> Tensor:
        factors = valid.to(logits.dtype)
        if self.class_weight is not None:
            factors = factors * logits.new_tensor(self.class_weight)[:, None, None]
        total = F.binary_cross_entropy_with_logits(logits, (label == 1).to(logits.dtype), factors, reduction="sum")
        if self.reduction == "mean":
            count = joint_sum(factors.sum())
            total = total / count.where(count > 0, 1)
        return self.loss_weight * sharing() * total


@MODELS.register_module()
class FCNBoundaryCrossEntropyLoss(FCNCrossEntropyLoss):
    """Compute the cross entropy with more weight on pixels near class boundaries, as in U-Net (arXiv 1505.04597, eq. 2).

    A pixel counts ``boundary_weight`` times if the square of side 2 ``boundary_width`` + 1 around it has two classes or more.
    Void is not a class: its edges are no boundaries. The mean's divisor is that of :class:`FCNCrossEntropyLoss`.

    Args:
        boundary_width: width of the band on each side of a boundary, in pixels.
        boundary_weight: factor inside the band.
        kwargs: those of :class:`FCNCrossEntropyLoss`.

    Raises:
        UserError: ``config-value`` for a width below 1.
    """

    def __init__(self, boundary_width: int = 3, boundary_weight: float = 2.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if boundary_width < 1:
            raise UserError("config-value", f"boundary_width is {boundary_width}: give 1 pixel or more")
        self.boundary_width, self.boundary_weight = boundary_width, boundary_weight

    def forward(
        self, logits: Tensor, label: Tensor, weight: Tensor | None = None, ignore_index: int = 255, **kwargs: Any
    ) -> Tensor:
        """Compute the scalar loss, 0 without labelled pixels; see :class:`FCNCrossEntropyLoss`."""
        band = boundary_band(label, self.boundary_width, ignore_index)
        factor = torch.where(band, self.boundary_weight, 1.0)
        if kwargs.get("reduction_override") == "none":
            return super().forward(logits, label, None, ignore_index, **kwargs) * factor
        return super().forward(logits, label, factor if weight is None else factor * weight, ignore_index)


def boundary_band(label: Tensor, width: int, ignore_index: int) -> Tensor:
    """Return the labelled pixels whose square of side 2 ``width`` + 1 has several classes, as bool (N, H, W)."""
    valid, ids = label != ignore_index, label.float()
    largest, smallest = (
        F.max_pool2d(torch.where(valid, sign * ids, -torch.inf)[:, None], 2 * width + 1, 1, width)[:, 0] * sign
        for sign in (1, -1)
    )
    return (largest != smallest) & valid
