"""Fully Convolutional Networks for MMSegmentation. Importing the package registers all of its parts."""

from .requirements import check_requirements
from .version import __version__

check_requirements()

from .quiet_imports import quiet_imports  # noqa: E402

with quiet_imports():
    from . import datasets, engine, evaluation, models, visualization  # noqa: E402, F401
from .configs import get_config  # noqa: E402

__all__ = ["__version__", "get_config"]
