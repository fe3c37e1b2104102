"""Scores of segmentations."""

from .confusion import confusion_matrix, per_class, scores
from .metric import FCNMetric

__all__ = ["FCNMetric", "confusion_matrix", "per_class", "scores"]
