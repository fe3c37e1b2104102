"""Other programs' weight files under our names; mmengine's loaders read safely once this is imported."""

from . import schemes

__all__ = ["schemes"]
