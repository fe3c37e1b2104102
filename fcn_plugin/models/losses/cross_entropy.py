"""Softmax loss per pixel (CVPR 2015, sec. 4.3), and one that counts boundaries more.

N batch, C classes, void the id that counts nowhere. Labels are class ids (N, H, W), or for several labels at once (N, C, H, W) with
1 where a pixel has the label. Collective in training (:mod:`..joint`).
"""

from __future__ import annotations

from collections.abc import Sequence

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
    """Per-pixel softmax loss (CVPR 2015, sec. 4.3), in float32; void pixels count neither in the sum nor in the mean's divisor.

    Logits z of one channel are taken as (0, z), which makes it the binary cross-entropy of the sigmoid of z. Of several labels at
    once each has that loss, void pixels its own, and the mean is over pixels and labels.

    Both reductions run over the pixels of all processes. With OHEM each process picks its pixels among its own. mmseg's
    ``CrossEntropyLoss(avg_non_ignore=True)`` fails with class weights (it indexes weights by the label map's mask).

    Args:
        reduction: ``mean`` over labelled pixels (weighted by class, if so) or ``sum``, the papers' unnormalised loss.
        class_weight: one factor per class or label.
        loss_weight: factor of the whole.
        loss_name: key in the log.
        use_sigmoid: True for one channel and several labels, as in mmseg's ``CrossEntropyLoss``; the head refuses the other kind.

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
            raise UserError("config-value", f"reduction {reduction!r} is unknown: 'mean' or 'sum'")
        self.reduction, self.class_weight = reduction, class_weight
        self.loss_weight, self.loss_name, self.use_sigmoid = loss_weight, loss_name, use_sigmoid

    def forward(
        self, logits: Tensor, label: Tensor, weight: Tensor | None = None, ignore_index: int = 255, **kwargs
    ) -> Tensor:
        """Compute the scalar loss, 0 where no pixel counts. Arguments as of :func:`pixel_losses`.

        ``reduction_override="none"`` gives the loss of each pixel, (N, H, W), as a pixel sampler needs it.
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
        total = loss if weight is None else (loss * weight).sum()
        if self.reduction == "mean":
            valid = label[label != ignore_index]
            count = joint_sum(factors[valid].sum() if factors is not None else total.new_tensor(valid.numel()))
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
    """Cross entropy in which pixels near a boundary between classes count more, as in U-Net (arXiv 1505.04597, eq. 2).

    A pixel counts ``boundary_weight`` times where the square of 2 ``boundary_width`` + 1 pixels round it shows two classes or more.
    Void is no class: no boundary runs along it. The divisor of the mean stays that of :class:`FCNCrossEntropyLoss`.

    Args:
        boundary_width: reach of the band to both sides of a boundary, in pixels.
        boundary_weight: factor inside the band.
        kwargs: of :class:`FCNCrossEntropyLoss`.

    Raises:
        UserError: ``config-value`` for a width below 1.
    """

    def __init__(self, boundary_width: int = 3, boundary_weight: float = 2.0, **kwargs) -> None:
        super().__init__(**kwargs)
        if boundary_width < 1:
            raise UserError("config-value", f"boundary_width is {boundary_width}: give 1 pixel or more")
        self.boundary_width, self.boundary_weight = boundary_width, boundary_weight

    def forward(
        self, logits: Tensor, label: Tensor, weight: Tensor | None = None, ignore_index: int = 255, **kwargs
    ) -> Tensor:
        """Compute the scalar loss, 0 where no pixel counts; arguments as of :class:`FCNCrossEntropyLoss`."""
        band = boundary_band(label, self.boundary_width, ignore_index)
        factor = torch.where(band, self.boundary_weight, 1.0)
        if kwargs.get("reduction_override") == "none":
            return super().forward(logits, label, None, ignore_index, **kwargs) * factor
        return super().forward(logits, label, factor if weight is None else factor * weight, ignore_index)


def boundary_band(label: Tensor, width: int, ignore_index: int) -> Tensor:
    """Return where the square of 2 ``width`` + 1 pixels round a labelled pixel holds several classes, (N, H, W) of bool."""
    valid, ids = label != ignore_index, label.float()
    largest, smallest = (
        F.max_pool2d(torch.where(valid, sign * ids, -torch.inf)[:, None], 2 * width + 1, 1, width)[:, 0] * sign
        for sign in (1, -1)
    )
    return (largest != smallest) & valid
