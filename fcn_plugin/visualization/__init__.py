"""Masks, overlays, contact sheets and learning curves."""

from .hook import FCNVisualizationHook, PredictionHook
from .visualizer import FCNMLflowVisBackend, FCNVisualizer

__all__ = ["FCNMLflowVisBackend", "FCNVisualizationHook", "FCNVisualizer", "PredictionHook"]
