"""Sample feature maps at single pixels of the image.

N batch, C channels, h x w map, R x P points in rows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from .coord_map import CoordMap


@dataclass(frozen=True)
class PlacedMap:
    """A feature map with its position on the image.

    mmcv's ``point_sample`` assumes that map and image cover the same rectangle, and needs compiled operations.

    Attributes:
        values: (N, C, h, w), of any precision.
        grid: coordinate map of the whole map.
        first_row: row of the whole map at which ``values`` begin.
    """

    values: Tensor
    grid: CoordMap
    first_row: int = 0

    def at(self, points: Tensor) -> Tensor:
        """Interpolate bilinearly at image pixels (N, R, P, 2), x before y; return (N, R, P, C) float32.

        Beyond the centres of the outer cells, values are those of these cells.
        """
        x, y = ((points - float(self.grid.shift)) / float(self.grid.scale)).unbind(-1)
        cells = ((x, self.values.shape[-1]), (y - self.first_row, self.values.shape[-2]))
        # grid_sample counts from -1, the left edge of the first cell, to 1, the right edge of the last
        places = torch.stack([(2 * cell + 1) / side - 1 for cell, side in cells], -1)
        with torch.autocast(self.values.device.type, enabled=False):
            found = F.grid_sample(self.values.float(), places, padding_mode="border", align_corners=False)
        return found.permute(0, 2, 3, 1)

    def around(self, top: int, rows: int) -> PlacedMap:
        """Return the part of the map needed to interpolate image rows ``top`` to ``top + rows - 1``."""
        height = self.values.shape[-2]
        first, last = (int((row - self.grid.shift) // self.grid.scale) for row in (top, top + rows - 1))
        first, last = min(max(first, 0), height - 1), max(last + 2, 1)
        return replace(self, values=self.values[..., first : max(last, first + 1), :], first_row=first)

    def of(self, image: int) -> PlacedMap:
        """Return the map of one image of the batch, (1, C, h, w)."""
        return replace(self, values=self.values[image : image + 1])
