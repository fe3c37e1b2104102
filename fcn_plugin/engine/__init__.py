"""Runner pieces that the stock engine lacks."""

from .checkpoint import load_verified
from .checkpoint_hook import FCNCheckpointHook
from .finite_loss_hook import FiniteLossHook
from .import_weights import import_weights
from .log_processor import FCNLogProcessor
from .missed_validation_hook import MissedValidationHook
from .predict import predict
from .preflight import check_config
from .resume_point import latest_checkpoint
from .run import test
from .runner import FCNRunner
from .stages import ParentAgreementHook, stages_of, train_stages
from .step_seed_hook import StepSeedHook
from .stop_hook import StopHook
from .train import train

__all__ = [
    "FCNCheckpointHook",
    "FCNLogProcessor",
    "FCNRunner",
    "FiniteLossHook",
    "MissedValidationHook",
    "ParentAgreementHook",
    "StepSeedHook",
    "StopHook",
    "check_config",
    "import_weights",
    "latest_checkpoint",
    "load_verified",
    "predict",
    "stages_of",
    "test",
    "train",
    "train_stages",
]
