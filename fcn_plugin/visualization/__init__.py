"""Masks, overlays, contact sheets and learning curves."""

from .hook import FCNVisualizationHook, PredictionHook
from .visualizer import FCNVisualizer

__all__ = ["FCNVisualizationHook", "FCNVisualizer", "PredictionHook"]
