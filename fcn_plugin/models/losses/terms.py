"""What the head does with its losses: adds them up, logs them, refuses those of another kind of logits.

N batch, C classes, void the id that counts nowhere. Labels are class ids (N, H, W), or for several labels at once (N, C, H, W) with
1 where a pixel has the label. Collective in training (:mod:`..joint`).
"""

from __future__ import annotations

from collections.abc import Iterable

from mmseg.models.losses import DiceLoss, TverskyLoss
from torch import Tensor, nn

from ...errors import UserError
from ..decision import SOFTMAX, Decision
from ..joint import joint_sum, sharing
from .cross_entropy import FCNBoundaryCrossEntropyLoss, FCNCrossEntropyLoss
from .lovasz import FCNLovaszLoss


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


def check_losses(terms: Iterable[nn.Module], decision: Decision, ignore_index: int = 255) -> None:
    """Refuse losses that belong to another kind of logits or count void as a class: ``config-value``."""
    for term in terms:
        if type(term) is TverskyLoss and term.ignore_index != ignore_index:
            message = f"loss_decode holds TverskyLoss with ignore_index={term.ignore_index}, void is {ignore_index}"
            raise UserError("config-value", f"{message}: set both alike")
        name, sigmoid = type(term).__name__, getattr(term, "use_sigmoid", None)
        if decision.threshold is None:
            wrong = isinstance(term, FCNCrossEntropyLoss) and sigmoid
            remedy = "set decode_head.out_channels=1 for two classes or multilabel=True, or leave use_sigmoid out"
        elif type(term) in (DiceLoss, TverskyLoss):  # they take class 0 for the channel's, or void for a label
            wrong, remedy = True, "with sigmoids take FCNDiceLoss"
        elif decision.multilabel and isinstance(term, (FCNBoundaryCrossEntropyLoss, FCNLovaszLoss)):
            wrong, remedy = True, "it takes one label a pixel, with multilabel take FCNDiceLoss or FCNFocalLoss"
        else:
            wrong, remedy = sigmoid is False, "with sigmoids (out_channels=1 or multilabel) set use_sigmoid=True"
        if wrong:
            raise UserError("config-value", f"loss_decode holds {name} with use_sigmoid={sigmoid}: {remedy}")
