"""VGG with output stride 8 or 16, as in DeepLab-LargeFOV (Chen et al., ICLR 2015, arXiv 1412.7062, sec. 3.1); VGG's weights fit.

N batch, H x W image. The last pools keep their map's size (3 x 3, stride 1), and the layers after them are dilated by the stride
saved. Set ``neck.fc6_dilation`` to match: 12 for the paper's 3 x 3 kernel at stride 8.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mmengine.model import BaseModule
from mmseg.registry import MODELS
from torch import Tensor, nn

from ...errors import UserError

# output stride -> stages whose pool has stride 1, and the dilation of each stage
STRIDES = {8: ((3, 4), (1, 1, 1, 1, 2)), 16: ((4,), (1, 1, 1, 1, 1))}


@MODELS.register_module()
class DilatedVGG(BaseModule):
    """Image (N, 3, H, W) -> the pools of ``out_indices``, shallow to deep; pool5 at ``output_stride``.

    It has the layers and names of ``mmpretrain.VGG``. pool1 to pool3 stay 2 x 2, as in VGG; the paper's are 3 x 3.

    Args:
        depth: 11, 13, 16 or 19.
        output_stride: 8 (pool4 and pool5 at stride 1, conv5 dilated by 2) or 16 (pool5 at stride 1).
        out_indices: pools to return: 0 pool1 (stride 2) .. 4 pool5.
        init_cfg: initialisation; VGG's own by default.
        kwargs: for ``mmpretrain.VGG``, such as ``norm_cfg`` and ``ceil_mode``.

    Raises:
        UserError: ``config-value`` for any other output stride.
    """

    def __init__(
        self,
        depth: int = 16,
        output_stride: int = 8,
        out_indices: Sequence[int] = (4,),
        init_cfg: dict[str, Any] | list[Any] | None = None,
        **kwargs: Any,
    ) -> None:
        if output_stride not in STRIDES:
            raise UserError("config-value", f"model.backbone.output_stride is {output_stride}: set it to 8 or 16")
        kept, dilations = STRIDES[output_stride]
        vgg = MODELS.build(dict(type="mmpretrain.VGG", depth=depth, dilations=dilations, **kwargs))
        super().__init__(init_cfg or vgg.init_cfg)
        self.features, self.out_indices = vgg.features, tuple(out_indices)
        self.pools = [i for i, layer in enumerate(self.features) if isinstance(layer, nn.MaxPool2d)]
        for stage in kept:
            self.features[self.pools[stage]] = nn.MaxPool2d(3, 1, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Return the maps of ``out_indices``."""
        wanted, maps = [self.pools[i] for i in self.out_indices], []
        for i, layer in enumerate(self.features):
            x = layer(x)
            if i in wanted:
                maps.append(x)
        return tuple(maps)
