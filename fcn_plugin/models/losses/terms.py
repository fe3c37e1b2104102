"""Add up and log the head's losses, and refuse losses for another kind of logits.

N batch, C classes; void is the id without loss or score. Labels are class ids (N, H, W), or multi-label (N, C, H, W) with
1 where a pixel has the label. Collective in training (:mod:`..joint`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from mmseg.models.losses import DiceLoss, TverskyLoss
from torch import Tensor

from ...errors import UserError
from ..decision import SOFTMAX, Decision
from ..joint import joint_sum, sharing
from .cross_entropy import FCNBoundaryCrossEntropyLoss, FCNCrossEntropyLoss
from .lovasz import FCNLovaszLoss


class Term(Protocol):
    """A loss function of mmseg's form; terms of one name are added up."""

    loss_name: str

    def __call__(self, logits: Tensor, label: Tensor, /, *, weight: Tensor | None, ignore_index: int) -> Tensor:
        """Compute the loss."""


def pixel_losses(
    terms: Iterable[Term],
    logits: Tensor,
    label: Tensor,
    weight: Tensor | None,
    ignore_index: int,
    decision: Decision = SOFTMAX,
) -> dict[str, Tensor]:
    """Compute losses by name, sums also per labelled pixel, and ``acc_seg``, the % of labelled pixels that are right.

    Args:
        terms: loss functions; those with the same ``loss_name`` are added up.
        logits: (N, C, H, W), or (N, 1, H, W) for a sigmoid.
        label: (N, H, W), class ids or ``ignore_index``, the id of void; or (N, C, H, W), where a pixel counts once for each label.
        weight: (N, H, W) factor per pixel, from a pixel sampler.
        decision: how logits become labels.
    """
    values = [(term, term(logits, label, weight=weight, ignore_index=ignore_index)) for term in terms]
    right = (decision.labels(logits.detach()) == label) & (label != ignore_index)
    return named_losses(values, right.sum(), label, ignore_index)


def named_losses(
    values: Iterable[tuple[Term, Tensor]], right: Tensor, label: Tensor, ignore_index: int
) -> dict[str, Tensor]:
    """Return the values of :func:`pixel_losses` from each loss function's scalar, and the number of pixels that are ``right``."""
    losses: dict[str, Tensor] = {}
    pixels = joint_sum((label != ignore_index).sum()).clamp(min=1)
    for term, value in values:
        losses[term.loss_name] = losses.get(term.loss_name, 0) + value
        if getattr(term, "reduction", None) == "sum":  # named without "loss": such keys would be added to the total
            losses[f"{term.loss_name.removeprefix('loss_')}_per_pixel"] = value.detach() / pixels
    losses["acc_seg"] = 100 * sharing() * right / pixels
    return losses


def check_losses(terms: Iterable[Term], decision: Decision, ignore_index: int = 255) -> None:
    """Raise UserError ``config-value`` for losses that are for another kind of logits or count void as a class."""
    for term in terms:
        own = getattr(term, "ignore_index", ignore_index)
        if type(term) is TverskyLoss and own != ignore_index:
            message = f"loss_decode has TverskyLoss with ignore_index={own}, but void is {ignore_index}"
            raise UserError("config-value", f"{message}: set both to the same value")
        name, sigmoid = type(term).__name__, getattr(term, "use_sigmoid", None)
        if decision.threshold is None:
            wrong = isinstance(term, FCNCrossEntropyLoss) and sigmoid
            remedy = "set decode_head.out_channels=1 for two classes or multilabel=True, or remove use_sigmoid"
        elif type(term) in (DiceLoss, TverskyLoss):  # they read class 0 as the channel's, or void as a label
            wrong, remedy = True, "use FCNDiceLoss with sigmoids"
        elif decision.multilabel and isinstance(term, (FCNBoundaryCrossEntropyLoss, FCNLovaszLoss)):
            wrong, remedy = True, "it needs one label per pixel: use FCNDiceLoss or FCNFocalLoss with multilabel"
        else:
            wrong, remedy = sigmoid is False, "set use_sigmoid=True with sigmoids (out_channels=1 or multilabel)"
        if wrong:
            raise UserError("config-value", f"loss_decode has {name} with use_sigmoid={sigmoid}: {remedy}")
