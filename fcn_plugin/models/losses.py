"""Losses over the labelled pixels of one batch that several processes share.

N batch, C classes, void the id that counts nowhere. Labels are class ids (N, H, W), or for several labels at once (N, C, H, W) with
1 where a pixel has the label. Collective in training (:mod:`.joint`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
import torch.nn.functional as F
from mmseg.models.losses import DiceLoss
from mmseg.registry import MODELS
from torch import Tensor, nn

from ..errors import UserError
from .decision import SOFTMAX, Decision, as_pair
from .joint import joint_sum, sharing


def pixel_losses(
    terms: Iterable[nn.Module],
    logits: Tensor,
    label: Tensor,
    weight: Tensor | None,
    ignore_index: int,
    decision: Decision = SOFTMAX,
) -> dict[str, Tensor]:
    """Compute losses by name, summed ones also per labelled pixel, and ``acc_seg``, the % of labelled pixels that are right.

    Args:
        terms: loss functions; those of one ``loss_name`` are added up.
        logits: (N, C, H, W), or (N, 1, H, W) of a sigmoid.
        label: (N, H, W), class ids or ``ignore_index``, the id of void; or (N, C, H, W), whose pixels count once for each label.
        weight: (N, H, W) factor per pixel, from a pixel sampler.
        decision: how labels follow from the logits.
    """
    losses: dict[str, Tensor] = {}
    valid = label != ignore_index
    pixels = joint_sum(valid.sum()).clamp(min=1)
    for term in terms:
        value = term(logits, label, weight=weight, ignore_index=ignore_index)
        losses[term.loss_name] = losses.get(term.loss_name, 0) + value
        if getattr(term, "reduction", None) == "sum":  # named without "loss": such keys would be added to the total
            losses[f"{term.loss_name.removeprefix('loss_')}_per_pixel"] = value.detach() / pixels
    right = (decision.labels(logits.detach()) == label) & valid
    losses["acc_seg"] = 100 * sharing() * right.sum() / pixels
    return losses


def check_losses(terms: Iterable[nn.Module], decision: Decision) -> None:
    """Refuse losses that belong to another kind of logits: ``config-value``."""
    for term in terms:
        name, sigmoid = type(term).__name__, getattr(term, "use_sigmoid", None)
        if decision.threshold is None:
            wrong = isinstance(term, FCNCrossEntropyLoss) and sigmoid
            remedy = "set decode_head.out_channels=1 for two classes or multilabel=True, or leave use_sigmoid out"
        elif type(term) is DiceLoss:  # it takes class 0 for the channel's, and void for a label
            wrong, remedy = True, "with sigmoids take FCNDiceLoss"
        else:
            wrong, remedy = sigmoid is False, "with sigmoids (out_channels=1 or multilabel) set use_sigmoid=True"
        if wrong:
            raise UserError("config-value", f"loss_decode holds {name} with use_sigmoid={sigmoid}: {remedy}")


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
            return self._of_labels(logits.float(), label, label != ignore_index)
        logits = as_pair(logits.float())
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
        factors = valid.float()
        if self.class_weight is not None:
            factors = factors * logits.new_tensor(self.class_weight)[:, None, None]
        total = F.binary_cross_entropy_with_logits(logits, (label == 1).float(), factors, reduction="sum")
        if self.reduction == "mean":
            count = joint_sum(factors.sum())
            total = total / count.where(count > 0, 1)
        return self.loss_weight * sharing() * total


@MODELS.register_module()
class FCNDiceLoss(DiceLoss):
    """Soft Dice loss (V-Net, Milletari et al. 2016, arXiv 1606.04797, eq. 3), the mean over the classes in the batch's labels.

    For a class with probabilities p and truth t it is 1 - 2 sum(p t) / (sum(p^2) + sum(t^2)); each class counts alike, however
    few its pixels. Each process takes the loss of its own images, and a step follows the mean of these.

    mmseg's ``DiceLoss`` keeps void pixels in the divisor, takes one ratio over all classes, in which large ones dominate, and
    fails with the weights of a pixel sampler.

    Args:
        naive_dice: plain sums in the divisor, without squares.
        loss_weight: factor of the whole.
        eps: keeps the ratio finite.
        loss_name: key in the log.
    """

    def __init__(
        self, naive_dice: bool = False, loss_weight: float = 1.0, eps: float = 1e-3, loss_name: str = "loss_dice"
    ) -> None:
        # mmseg's ignore_index names a class, which it would leave out
        options = dict(naive_dice=naive_dice, loss_weight=loss_weight, eps=eps, loss_name=loss_name)
        super().__init__(activate=False, ignore_index=None, **options)

    def forward(
        self, logits: Tensor, label: Tensor, weight: Tensor | None = None, ignore_index: int = 255, **kwargs
    ) -> Tensor:
        """Compute the scalar loss, 0 where no pixel counts; ``config-value`` where a pixel sampler asks for a loss per pixel."""
        if kwargs.get("reduction_override") == "none":
            reason = "OHEMPixelSampler ranks pixels by their loss, and Dice has none per pixel"
            raise UserError("config-value", f"{reason}: set decode_head.sampler.thresh")
        valid = label != ignore_index
        if label.dim() == logits.dim():
            probability, truth = logits.float().sigmoid() * valid, (label == 1).float()
        else:
            counted = (valid if weight is None else valid * weight).float()[:, None]
            probability = as_pair(logits.float()).softmax(1) * counted
            truth = torch.zeros_like(probability).scatter_(1, label.where(valid, 0)[:, None], counted)
        rows = [values.transpose(0, 1).flatten(1) for values in (probability, truth)]  # (C, N H W)
        shown = rows[1].any(1).float()
        return super().forward(*rows, weight=shown, avg_factor=shown.sum())
