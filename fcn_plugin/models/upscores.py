"""Upsampling layers of the FCN head: their names, factors, kernels and paddings (CVPR 2015, sec. 4; the authors' nets)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from ..errors import UserError
from ..layers.bilinear import BilinearUpsample
from ..layers.coord_map import CoordMap


def upscore_names(streams: Sequence[str], strides: Sequence[int]) -> dict[str, int]:
    """Return the layers in order, name -> factor, named as in the authors' net definitions.

    The first of several is ``upscore2``, later ones ``upscore_<skip before>``, the last ``upscore<stride>``; ``upscore`` where it
    is the only one (FCN-32s), or its stride is 2. Strides that do not divide one another are refused: ``config-value``.
    """
    names = {}
    for i, (coarse, fine) in enumerate(pairwise(strides)):
        if coarse % fine or coarse == fine:
            raise UserError("config-value", f"decode_head.strides {tuple(strides)} must be multiples, deepest first")
        names["upscore2" if i == 0 else f"upscore_{streams[i]}"] = coarse // fine
    names["upscore" if len(strides) == 1 or strides[-1] == 2 else f"upscore{strides[-1]}"] = strides[-1]
    return names


def fit_upscore(grid: CoordMap, target: CoordMap, factor: int, channels: int, cut: bool, **options) -> BilinearUpsample:
    """Build the layer that brings scores of C channels on ``grid`` to the stride of ``target``, up to a crop of whole pixels.

    With ``cut``, its padding cuts off what lies before the target's first pixel. ``options`` are of :class:`BilinearUpsample`.
    ``geometry`` where the offset is no whole pixel with either kernel.
    """
    # 64 for VGG16, 63 for AlexNet: an odd kernel where the grids' first pixels lie whole pixels apart
    kernels = (2 * factor, 2 * factor - 1)
    kernel = next((k for k in kernels if (target.shift - grid.up(k, factor).shift) / target.scale % 1 == 0), kernels[0])
    padding = max(0, grid.up(kernel, factor).crop_offset(target)) if cut else 0
    return BilinearUpsample(channels, factor, kernel, padding, **options)
