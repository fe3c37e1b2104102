"""Upsampling layers of the FCN head: their names, factors, kernels and paddings (CVPR 2015, sec. 4; the authors' nets)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from ..errors import UserError
from ..layers.bilinear import BilinearUpsample
from ..layers.coord_map import CoordMap


def upscore_names(streams: Sequence[str], strides: Sequence[int]) -> dict[str, int]:
    """Layers in order, name -> factor, named as in the authors' net definitions.

    The first of several is ``upscore2``, later ones ``upscore_<skip before>``, the last ``upscore<stride>``;
    the only one of FCN-32s is ``upscore``.

    Raises:
        UserError: strides that do not divide one another.
    """
    for coarse, fine in pairwise(strides):
        if coarse % fine or coarse == fine:
            raise UserError(f"strides {tuple(strides)} must be multiples, deepest first")
    names = {}
    for i, (coarse, fine) in enumerate(pairwise(strides)):
        names["upscore2" if i == 0 else f"upscore_{streams[i]}"] = coarse // fine
    names["upscore" if len(strides) == 1 else f"upscore{strides[-1]}"] = strides[-1]
    return names


def fitting_upscore(
    grid: CoordMap, target: CoordMap, factor: int, channels: int, cut: bool, options: dict
) -> BilinearUpsample:
    """The layer that brings a map on ``grid`` to the stride of ``target``.

    Args:
        grid: where the coarse map lies.
        target: where the result is to lie; its first pixel must be a whole number of pixels away.
        factor: upsampling factor.
        channels: C.
        cut: pad the transposed convolution so that what lies before the target's first pixel is cut off.
        options: of :class:`BilinearUpsample`.

    Raises:
        UserError: the offset is no whole pixel with either kernel.
    """
    # 64 for VGG16, 63 for AlexNet: an odd kernel where the grids' first pixels lie whole pixels apart
    kernels = (2 * factor, 2 * factor - 1)
    fits = [k for k in kernels if (target.shift - grid.up(k, factor).shift) / target.scale % 1 == 0]
    kernel = (*fits, kernels[0])[0]
    padding = max(0, grid.up(kernel, factor).crop_offset(target)) if cut else 0
    return BilinearUpsample(channels, factor, kernel, padding, **options)
