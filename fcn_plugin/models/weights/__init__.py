"""Weights from elsewhere."""

from . import schemes  # noqa: F401 (mmengine's loaders are replaced)
from .classifier import load_classifier
from .fit import FC_STARTS
from .read import read_checkpoint, require_checkpoint
from .source import read_state_dict
from .trust import trusting

__all__ = ["FC_STARTS", "load_classifier", "read_checkpoint", "read_state_dict", "require_checkpoint", "trusting"]
