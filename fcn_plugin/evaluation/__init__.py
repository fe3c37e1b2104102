"""Scores of segmentations."""

from .confusion import confusion_matrix, per_class, scores
from .metric import FCNMetric
from .summary import summary

__all__ = ["FCNMetric", "confusion_matrix", "per_class", "scores", "summary"]
