"""Hooks of a run, registered when they are imported."""

from . import checkpoint, finite_loss, missed_validation, parent_agreement, step_seed, stop

__all__ = ["checkpoint", "finite_loss", "missed_validation", "parent_agreement", "step_seed", "stop"]
