"""Decode heads."""

from .skip_head import FCNSkipHead

__all__ = ["FCNSkipHead"]
