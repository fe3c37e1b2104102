"""Scores from one integer confusion matrix."""

from .metric import FCNMetric

__all__ = ["FCNMetric"]
