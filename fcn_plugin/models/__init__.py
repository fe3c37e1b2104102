"""Backbones, neck, head, losses and segmentor of FCN; VGG and ResNet come from mmpretrain."""

from .backbones.alexnet import AlexNet
from .backbones.dilated_vgg import DilatedVGG
from .backbones.googlenet import GoogLeNet
from .backbones.indexed_vgg import IndexedVGG
from .backbones.timm_features import FCNTimm
from .bands_preprocessor import FCNBandsPreProcessor
from .fcn import FCN
from .fusion import FCNFusion
from .losses import (
    FCNBoundaryCrossEntropyLoss,
    FCNCrossEntropyLoss,
    FCNDiceLoss,
    FCNFocalLoss,
    FCNLovaszLoss,
)
from .necks.aspp_neck import FCNASPPNeck
from .necks.skip_neck import FCNSkipNeck
from .necks.unpool_neck import FCNUnpoolNeck
from .points.head import FCNPointHead
from .results import FCNTTAModel
from .skip_head import FCNSkipHead
from .tasks_head import FCNTasksHead

__all__ = [
    "FCN",
    "AlexNet",
    "DilatedVGG",
    "FCNASPPNeck",
    "FCNBandsPreProcessor",
    "FCNBoundaryCrossEntropyLoss",
    "FCNCrossEntropyLoss",
    "FCNDiceLoss",
    "FCNFocalLoss",
    "FCNFusion",
    "FCNLovaszLoss",
    "FCNPointHead",
    "FCNSkipHead",
    "FCNSkipNeck",
    "FCNTTAModel",
    "FCNTasksHead",
    "FCNTimm",
    "FCNUnpoolNeck",
    "GoogLeNet",
    "IndexedVGG",
]
