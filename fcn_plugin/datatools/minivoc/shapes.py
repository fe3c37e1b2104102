"""The table of drawn classes: VOC class name to the function that draws one."""

from collections.abc import Callable

import numpy as np

from . import things, vehicles
from .pen import Pen

# Ten of VOC's twenty: each with thin parts, and three with holes that the background shows through.
SHAPES: dict[str, Callable[[Pen, np.random.Generator], None]] = {
    "aeroplane": vehicles.aeroplane,
    "bicycle": vehicles.bicycle,
    "boat": vehicles.boat,
    "bottle": things.bottle,
    "bus": vehicles.bus,
    "chair": things.chair,
    "person": things.person,
    "pottedplant": things.pottedplant,
    "sheep": things.sheep,
    "tvmonitor": things.tvmonitor,
}
