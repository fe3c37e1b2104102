"""Runner pieces that the stock engine lacks."""

from .checkpoint import load_verified
from .finite_loss_hook import FiniteLossHook
from .import_weights import import_weights
from .log_processor import FCNLogProcessor
from .missed_validation_hook import MissedValidationHook
from .predict import predict
from .preflight import check_config
from .run import test, train
from .runner import FCNRunner
from .stages import ParentAgreementHook, stages_of, train_stages

__all__ = [
    "FCNLogProcessor",
    "FCNRunner",
    "FiniteLossHook",
    "MissedValidationHook",
    "ParentAgreementHook",
    "check_config",
    "import_weights",
    "load_verified",
    "predict",
    "stages_of",
    "test",
    "train",
    "train_stages",
]
