"""A folder of images and one of masks become lists, index masks and configs, ready for training."""

from .build import Options, new_dataset

__all__ = ["Options", "new_dataset"]
