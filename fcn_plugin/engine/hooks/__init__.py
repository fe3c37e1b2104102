"""Hooks of a run, registered when they are imported."""

from . import checkpoint, early_stopping, finite_loss, missed_validation, parent_agreement, step_seed, stop

__all__ = ["checkpoint", "early_stopping", "finite_loss", "missed_validation", "parent_agreement", "step_seed", "stop"]
