"""Pictures of what a net sees and says."""

from .compare import compare
from .curves import draw_curves
from .hook import PredictionHook
from .pictures import colour_table, overlay, panel, save_mask

__all__ = ["PredictionHook", "colour_table", "compare", "draw_curves", "overlay", "panel", "save_mask"]
