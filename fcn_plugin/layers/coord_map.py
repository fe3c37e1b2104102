"""Compute the positions of a feature map's pixels on the image.

Every convolution, pooling and transposed convolution places the centre of its output pixel ``o`` at the input coordinate
``scale * o + shift``. Composing these along a stream gives one affine map per stream from the layers' own parameters, and from it
every crop offset of FCN (Long et al., CVPR 2015, sec. 3 and 4; the authors' nets: ``coord_map.crop``).

Coordinates refer to pixel centres and are exact fractions, since even kernels put centres on half pixels.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction

from ..errors import UserError


@dataclass(frozen=True)
class CoordMap:
    """``image = scale * pixel + shift`` for a feature map, the same on both axes.

    Attributes:
        scale: stride of the map in image pixels.
        shift: image coordinate of the map's first pixel.
        reach: half the receptive field in image pixels. Not compared, since branches of different reach can share a grid.
    """

    scale: Fraction = Fraction(1)
    shift: Fraction = Fraction(0)
    reach: Fraction = field(default=Fraction(0), compare=False)

    def down(self, kernel: int, stride: int = 1, padding: int = 0, dilation: int = 1) -> CoordMap:
        """Return the map after a convolution or pooling: its centre is at ``s * o + d * (k - 1) / 2 - p``."""
        centre = Fraction(dilation * (kernel - 1), 2) - padding
        reach = self.reach + self.scale * Fraction(dilation * (kernel - 1), 2)
        return CoordMap(self.scale * stride, self.shift + self.scale * centre, reach)

    def up(self, kernel: int | Fraction, stride: int | Fraction, padding: int = 0) -> CoordMap:
        """Return the map after a transposed convolution, the inverse of :meth:`down`."""
        scale = self.scale / stride
        half = Fraction(kernel - 1, 2)
        return CoordMap(scale, self.shift - scale * (half - padding), self.reach + scale * half)

    def pad(self, before: int) -> CoordMap:
        """Return the map after adding ``before`` pixels at the top and left (negative: after cropping)."""
        return replace(self, shift=self.shift - self.scale * before)

    def added(self, other: CoordMap) -> CoordMap:
        """Return the map of a sum with another feature map on the same grid."""
        return replace(self, reach=max(self.reach, other.reach))

    def met(self, other: CoordMap) -> CoordMap:
        """Return the map of a sum of two branches less than one of their pixels apart: that of the larger reach.

        For instance, a shortcut with 2 x 2 pooling is half a pixel off a parallel padded 3 x 3 convolution.

        Raises:
            UserError: ``geometry`` if they are a pixel or more apart, or their strides differ.
        """
        if self.scale != other.scale or abs(self.shift - other.shift) >= self.scale:
            raise UserError("geometry", f"can't add branches on different grids: {sorted({self, other}, key=str)}")
        wider = self if self.reach >= other.reach else other
        return wider

    def crop_offset(self, target: CoordMap) -> int:
        """Return the offset of ``target``, a map of the same scale, in pixels of this map.

        It is 0 if both are aligned, negative if ``target`` begins earlier.

        Raises:
            UserError: ``geometry`` if the strides differ or the offset is not a whole pixel.
        """
        if self.scale != target.scale:
            raise UserError("geometry", f"strides {self.scale} and {target.scale} differ: upsample between the maps")
        offset = (target.shift - self.shift) / self.scale
        if offset.denominator != 1:
            maps = f"stride {self.scale}, shifts {self.shift} and {target.shift}"
            raise UserError("geometry", f"crop offset {offset} is no whole pixel ({maps}): change a padding or kernel")
        return int(offset)
