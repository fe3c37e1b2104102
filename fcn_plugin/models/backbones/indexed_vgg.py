"""VGG that also returns where each pool found its maxima: the encoder of SegNet and DeconvNet; VGG's weights fit.

N batch, H x W image. Badrinarayanan et al., PAMI 2017, sec. 3; Noh et al., ICCV 2015, sec. 3.2.
"""

from __future__ import annotations

from typing import Any

from mmengine.model import BaseModule
from mmseg.registry import MODELS
from torch import Tensor, nn


@MODELS.register_module()
class IndexedVGG(BaseModule):
    """Image (N, 3, H, W) -> (indices of pool1, ..., pool5; pool5), for :class:`.FCNUnpoolNeck`.

    Indices are int64, in the pool's shape: the flat index of each maximum in its plane, the first one if values are equal.
    It has the layers and names of ``mmpretrain.VGG``.

    Args:
        depth: 11, 13, 16 or 19.
        init_cfg: initialisation; VGG's own by default.
        kwargs: for ``mmpretrain.VGG``, such as ``norm_cfg``.
    """

    def __init__(self, depth: int = 16, init_cfg: dict[str, Any] | list[Any] | None = None, **kwargs: Any) -> None:
        vgg = MODELS.build(dict(type="mmpretrain.VGG", depth=depth, **kwargs))
        super().__init__(init_cfg or vgg.init_cfg)
        self.features = vgg.features
        for pool in [layer for layer in self.features if isinstance(layer, nn.MaxPool2d)]:
            pool.return_indices = True

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Return the indices of each pool, shallow to deep, and the last pool."""
        places = []
        for layer in self.features:
            if isinstance(layer, nn.MaxPool2d):
                x, where = layer(x)
                places.append(where)
            else:
                x = layer(x)
        return (*places, x)
