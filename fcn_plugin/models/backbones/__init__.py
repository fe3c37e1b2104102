"""Backbones of Long et al., CVPR 2015, Table 1, that mmpretrain lacks."""

from .alexnet import AlexNet
from .googlenet import GoogLeNet, caffe_names

__all__ = ["AlexNet", "GoogLeNet", "caffe_names"]
