"""Convolution layers that configs name as ``conv_cfg``; in mmengine's own registry, so backbones of any package find them."""

from mmengine.registry import MODELS

from ..layers.winograd_conv import WinogradConv2d

MODELS.register_module(module=WinogradConv2d)

__all__ = ["WinogradConv2d"]
