"""The Runner and its parts."""

from . import hooks
from .logging import FCNLogProcessor
from .runner import FCNRunner

__all__ = ["FCNLogProcessor", "FCNRunner", "hooks"]
