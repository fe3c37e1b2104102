"""Pictures of what a net sees and says."""

from .compare import compare
from .hook import PredictionHook
from .pictures import colour_table, overlay, panel, save_mask

__all__ = ["PredictionHook", "colour_table", "compare", "overlay", "panel", "save_mask"]
