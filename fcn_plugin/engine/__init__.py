"""The Runner and what it is made of."""

from . import hooks
from .log_processor import FCNLogProcessor
from .runner import FCNRunner

__all__ = ["FCNLogProcessor", "FCNRunner", "hooks"]
