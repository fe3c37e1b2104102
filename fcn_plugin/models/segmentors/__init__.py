"""Segmentors."""

from .fcn import FCN
from .precision import is_emulated, resolve_precision

__all__ = ["FCN", "is_emulated", "resolve_precision"]
