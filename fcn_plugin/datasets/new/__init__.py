"""A folder of images and one of masks become lists, index masks and configs, ready for training."""

from .build import new_dataset
from .options import Options

__all__ = ["Options", "new_dataset"]
