"""Multi-label masks: loading and packing."""

from .load import MultilabelLoadAnnotations
from .pack import MultilabelPackSegInputs

__all__ = ["MultilabelLoadAnnotations", "MultilabelPackSegInputs"]
