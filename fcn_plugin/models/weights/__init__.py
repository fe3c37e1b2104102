"""Weights from elsewhere."""

from .classifier import load_classifier
from .read import read_checkpoint, read_state_dict, require_checkpoint

__all__ = ["load_classifier", "read_checkpoint", "read_state_dict", "require_checkpoint"]
