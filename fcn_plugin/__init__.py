"""Fully Convolutional Networks for MMSegmentation. Importing the package registers all of its parts."""

from .requirements import check_requirements
from .version import __version__

check_requirements()

from .quiet_imports import quiet_imports

with quiet_imports():
    from . import datasets, engine, evaluation, models, visualization  # noqa: F401
from .configs import get_config

__all__ = ["__version__", "get_config"]
