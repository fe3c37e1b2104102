"""Losses."""

from .cross_entropy import FCNCrossEntropyLoss
from .dice import FCNDiceLoss

__all__ = ["FCNCrossEntropyLoss", "FCNDiceLoss"]
