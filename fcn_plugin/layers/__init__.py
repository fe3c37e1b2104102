"""Plain torch pieces of FCN: coordinate maps, bilinear upsampling, crop, faster convolutions."""

from .bilinear import BilinearUpsample, bilinear_kernel
from .coord_map import CoordMap
from .crop import crop
from .row_conv import RowConv2d
from .trace import output_sides, trace_coord_maps
from .winograd_conv import WinogradConv2d

__all__ = [
    "BilinearUpsample",
    "CoordMap",
    "RowConv2d",
    "WinogradConv2d",
    "bilinear_kernel",
    "crop",
    "output_sides",
    "trace_coord_maps",
]
