"""Upsampling layers of the FCN head: their names, factors, kernels and paddings (CVPR 2015, sec. 4; the authors' nets)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from ..errors import UserError
from ..layers.bilinear import BilinearUpsample
from ..layers.coord_map import CoordMap


def upscore_names(streams: Sequence[str], strides: Sequence[int]) -> dict[str, int]:
    """Return the layers in order, name -> factor, with the names of the authors' nets.

    The first of several is ``upscore2``, later ones ``upscore_<skip before>``, the last ``upscore<stride>``, or ``upscore`` if it
    is the only one (FCN-32s) or its stride is 2. Raises UserError ``config-value`` if a stride is not a multiple of the next.
    """
    names = {}
    for i, (coarse, fine) in enumerate(pairwise(strides)):
        if coarse % fine or coarse == fine:
            raise UserError("config-value", f"decode_head.strides {tuple(strides)} must be multiples, deepest first")
        names["upscore2" if i == 0 else f"upscore_{streams[i]}"] = coarse // fine
    names["upscore" if len(strides) == 1 or strides[-1] == 2 else f"upscore{strides[-1]}"] = strides[-1]
    return names


def fit_upscore(
    grid: CoordMap, target: CoordMap, factor: int, channels: int, cut: bool, **options: bool
) -> BilinearUpsample:
    """Build the layer that upsamples scores on ``grid`` to the stride of ``target``, up to a crop of whole pixels.

    With ``cut``, its padding cuts off the part before the target's first pixel. ``options`` are those of :class:`BilinearUpsample`.
    Raises UserError ``geometry`` if the offset is fractional with both kernels.
    """
    # 64 for VGG16, 63 for AlexNet: an odd kernel if the grids' first pixels are whole pixels apart
    kernels = (2 * factor, 2 * factor - 1)
    kernel = next((k for k in kernels if (target.shift - grid.up(k, factor).shift) / target.scale % 1 == 0), kernels[0])
    padding = max(0, grid.up(kernel, factor).crop_offset(target)) if cut else 0
    return BilinearUpsample(channels, factor, kernel, padding, **options)
