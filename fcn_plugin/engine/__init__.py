"""Runner pieces that the stock engine lacks."""

from .checkpoint import load_verified
from .log_processor import FCNLogProcessor
from .preflight import check_config
from .run import test, train
from .runner import FCNRunner

__all__ = ["FCNLogProcessor", "FCNRunner", "check_config", "load_verified", "test", "train"]
