"""Scores from an integer confusion matrix, and measures of where a net fails."""

from .limits.metric import FCNLimits
from .metric import FCNMetric
from .multilabel import MultilabelMetric

__all__ = ["FCNLimits", "FCNMetric", "MultilabelMetric"]
