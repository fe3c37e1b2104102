"""The Runner and what it is made of."""

from . import hooks
from .logging import FCNLogProcessor
from .runner import FCNRunner

__all__ = ["FCNLogProcessor", "FCNRunner", "hooks"]
