"""Scores from one integer confusion matrix."""

from .metric import FCNMetric
from .multilabel import MultilabelMetric

__all__ = ["FCNMetric", "MultilabelMetric"]
