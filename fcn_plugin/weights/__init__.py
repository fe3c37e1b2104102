"""Other programs' weight files under our names; importing this makes mmengine's checkpoint loaders safe."""

from . import schemes as schemes
