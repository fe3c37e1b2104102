"""Neck, head and segmentor of FCN; VGG comes from mmpretrain."""

from .decode_heads import FCNSkipHead
from .losses import FCNCrossEntropyLoss
from .necks import FCNSkipNeck
from .segmentors import FCN

__all__ = ["FCN", "FCNCrossEntropyLoss", "FCNSkipHead", "FCNSkipNeck"]
