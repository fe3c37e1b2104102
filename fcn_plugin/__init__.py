"""Fully Convolutional Networks for MMSegmentation. Importing the package registers all of its parts."""

from .requirements import check_requirements
from .version import __version__

check_requirements()

from . import data, engine, evaluation, models, registry, visualization, weights
from .configs import get_config

__all__ = [
    "__version__",
    "data",
    "engine",
    "evaluation",
    "get_config",
    "models",
    "registry",
    "visualization",
    "weights",
]
