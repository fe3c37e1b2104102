"""Losses."""

from .cross_entropy import FCNCrossEntropyLoss

__all__ = ["FCNCrossEntropyLoss"]
