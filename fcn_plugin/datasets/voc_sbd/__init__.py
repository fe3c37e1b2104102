"""PASCAL VOC joined with SBD: train lists and masks, built from the public releases."""

from .build import build_voc_sbd
from .sources import find_trees

__all__ = ["build_voc_sbd", "find_trees"]
