"""Segmentors."""

from .fcn import FCN

__all__ = ["FCN"]
