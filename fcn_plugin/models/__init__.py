"""Backbones, neck, head, loss and segmentor of FCN; VGG and ResNet come from mmpretrain."""

from .backbones import AlexNet, GoogLeNet
from .conv_layers import WinogradConv2d
from .decode_heads import FCNSkipHead
from .losses import FCNCrossEntropyLoss, FCNDiceLoss
from .necks import FCNSkipNeck
from .segmentors import FCN

__all__ = [
    "FCN",
    "AlexNet",
    "FCNCrossEntropyLoss",
    "FCNDiceLoss",
    "FCNSkipHead",
    "FCNSkipNeck",
    "GoogLeNet",
    "WinogradConv2d",
]
