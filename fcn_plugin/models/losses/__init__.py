"""Losses over the labelled pixels of a batch, which several processes may share."""

from .cross_entropy import FCNBoundaryCrossEntropyLoss, FCNCrossEntropyLoss
from .dice import FCNDiceLoss
from .focal import FCNFocalLoss
from .lovasz import FCNLovaszLoss
from .terms import check_losses, pixel_losses

__all__ = [
    "FCNBoundaryCrossEntropyLoss",
    "FCNCrossEntropyLoss",
    "FCNDiceLoss",
    "FCNFocalLoss",
    "FCNLovaszLoss",
    "check_losses",
    "pixel_losses",
]
