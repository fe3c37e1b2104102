"""Necks."""

from .skip_neck import FCNSkipNeck

__all__ = ["FCNSkipNeck"]
