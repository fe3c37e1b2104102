"""Segmentors."""

from .fcn import FCN
from .precision import resolve_precision

__all__ = ["FCN", "resolve_precision"]
