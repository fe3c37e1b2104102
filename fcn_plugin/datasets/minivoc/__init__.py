"""The built-in mini dataset: drawn scenes in the exact PASCAL VOC layout."""

from .palette import CLASS_NAMES, VOID, voc_palette
from .scene import draw_scene
from .shapes import SHAPES
from .writer import make_minivoc

__all__ = ["CLASS_NAMES", "SHAPES", "VOID", "draw_scene", "make_minivoc", "voc_palette"]
