"""Compute where on the image a feature map's pixels lie.

Every convolution, pooling and transposed convolution places the centre of its output pixel ``o`` at the input coordinate
``scale * o + shift``. Composed along a stream, one affine map per stream follows from the layers' own parameters, and with it
every crop offset of FCN (Long et al., CVPR 2015, sec. 3 and 4; the authors' nets: ``coord_map.crop``).

Coordinates are pixel centres; exact fractions, since even kernels put centres on half pixels.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction

from ..errors import UserError


@dataclass(frozen=True)
class CoordMap:
    """``image = scale * pixel + shift`` for one feature map, both axes alike.

    Attributes:
        scale: stride of the map in image pixels.
        shift: image coordinate of the map's first pixel.
        reach: half the receptive field in image pixels. Not compared: branches of unequal reach lie on one grid.
    """

    scale: Fraction = Fraction(1)
    shift: Fraction = Fraction(0)
    reach: Fraction = field(default=Fraction(0), compare=False)

    def down(self, kernel: int, stride: int = 1, padding: int = 0, dilation: int = 1) -> CoordMap:
        """Return the map after a convolution or pooling: its centre is at ``s * o + d * (k - 1) / 2 - p``."""
        centre = Fraction(dilation * (kernel - 1), 2) - padding
        reach = self.reach + self.scale * Fraction(dilation * (kernel - 1), 2)
        return CoordMap(self.scale * stride, self.shift + self.scale * centre, reach)

    def up(self, kernel: int, stride: int, padding: int = 0) -> CoordMap:
        """Return the map after a transposed convolution, the inverse of :meth:`down`."""
        scale = self.scale / stride
        half = Fraction(kernel - 1, 2)
        return CoordMap(scale, self.shift - scale * (half - padding), self.reach + scale * half)

    def pad(self, before: int) -> CoordMap:
        """Return the map after ``before`` pixels were added at the top and left (negative: cut off)."""
        return replace(self, shift=self.shift - self.scale * before)

    def added(self, other: CoordMap) -> CoordMap:
        """Return the map of a sum with another feature map on the same grid."""
        return replace(self, reach=max(self.reach, other.reach))

    def met(self, other: CoordMap) -> CoordMap:
        """Return the map of a sum of two branches less than a pixel of theirs apart: the one that sees more.

        A shortcut that pools 2 x 2 beside a padded 3 x 3 convolution lies half a pixel off it, for instance.

        Raises:
            UserError: ``geometry`` where they are a pixel or more apart, or their strides differ.
        """
        if self.scale != other.scale or abs(self.shift - other.shift) >= self.scale:
            raise UserError("geometry", f"branches on different grids meet: {sorted({self, other}, key=str)}")
        wider = self if self.reach >= other.reach else other
        return wider

    def crop_offset(self, target: CoordMap) -> int:
        """Return the first pixel of this map to keep so that it lies on ``target``, a map of the same scale.

        The offset is in pixels of this map: 0 where both are aligned, negative where ``target`` begins earlier.

        Raises:
            UserError: ``geometry`` where the strides differ, or the offset is no whole pixel.
        """
        if self.scale != target.scale:
            raise UserError("geometry", f"strides {self.scale} and {target.scale} differ: upsample between the maps")
        offset = (target.shift - self.shift) / self.scale
        if offset.denominator != 1:
            maps = f"stride {self.scale}, shifts {self.shift} and {target.shift}"
            raise UserError("geometry", f"crop offset {offset} is no whole pixel ({maps}): change a padding or kernel")
        return int(offset)
