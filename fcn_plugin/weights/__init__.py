"""Load other programs' weight files under our layer names; importing this makes mmengine's checkpoint loaders safe."""

from . import schemes as schemes
