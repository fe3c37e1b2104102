"""Masks of several labels at once: loading and packing."""

from .load import MultilabelLoadAnnotations
from .pack import MultilabelPackSegInputs

__all__ = ["MultilabelLoadAnnotations", "MultilabelPackSegInputs"]
