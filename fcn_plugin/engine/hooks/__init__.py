"""Hooks of a run."""

from .checkpoint import FCNCheckpointHook
from .finite_loss import FiniteLossHook
from .missed_validation import MissedValidationHook
from .parent_agreement import ParentAgreementHook
from .step_seed import StepSeedHook
from .stop import StopHook

__all__ = [
    "FCNCheckpointHook",
    "FiniteLossHook",
    "MissedValidationHook",
    "ParentAgreementHook",
    "StepSeedHook",
    "StopHook",
]
