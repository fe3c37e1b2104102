"""Fully Convolutional Networks for MMSegmentation. Importing the package registers all of its parts."""

from .requirements import check_requirements
from .version import __version__

check_requirements()

from .quiet_imports import import_mmseg

import_mmseg()

from . import datasets, engine, evaluation, models, visualization
from .configs import get_config

__all__ = ["__version__", "datasets", "engine", "evaluation", "get_config", "models", "visualization"]
