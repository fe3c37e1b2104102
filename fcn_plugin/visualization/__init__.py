"""Masks, overlays, contact sheets and learning curves."""

from .hook import PredictionHook

__all__ = ["PredictionHook"]
