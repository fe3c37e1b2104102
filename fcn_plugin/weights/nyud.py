"""Layer names of the authors' NYUDv2 nets on more than colour (CVPR 2015, sec. 5): early and late fusion on VGG16.

Their nets for colour or HHA alone have VGG16's names, so the files do not show which of the two they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

from .preprocessing import NYUD_COLOR, NYUD_HHA, NYUD_LOG_DEPTH

# endings of the layers' names, and the trunks' names in ``FCNFusion``
TRUNKS = {"color": NYUD_COLOR, "hha": NYUD_HHA}


def nyud_formats(vgg: Mapping[str, str]) -> Iterator[tuple[str, dict[str, str], tuple[str, ...], Tensor]]:
    """Yield name, layers, unused layers and image record of each net.

    Args:
        vgg: the authors' name of each layer of VGG16 -> our name of it.
    """
    wide = {"conv1_1_bgrd" if name == "conv1_1" else name: ours for name, ours in vgg.items()}
    images = torch.cat([NYUD_COLOR, NYUD_LOG_DEPTH], 1)
    yield "Caffe FCN of NYUDv2, early fusion of colour and depth", wide, (), images
    layers = {}
    for trunk in TRUNKS:
        for name, ours in vgg.items():
            part, _, layer = ours.partition(".")
            layers[f"{name}{trunk}"] = f"{part}.{trunk}.{layer}"
        layers[f"score_fr{trunk}"] = f"decode_head.score_fr.{trunk}"
    yield "Caffe FCN of NYUDv2, late fusion of colour and HHA", layers, (), torch.cat([*TRUNKS.values()], 1)
