"""Plain torch pieces of FCN: coordinate maps, bilinear upsampling, crop."""

from .bilinear import BilinearUpsample, bilinear_kernel
from .coord_map import CoordMap
from .crop import crop
from .trace import output_sides, trace_coord_maps

__all__ = ["BilinearUpsample", "CoordMap", "bilinear_kernel", "crop", "output_sides", "trace_coord_maps"]
