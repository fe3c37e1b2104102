"""Trained nets as files that stock runtimes run: write and compare them (:mod:`.write`), run them here (:mod:`.engine`)."""

from .engine import EXPORTED_SUFFIXES, open_exported

__all__ = ["EXPORTED_SUFFIXES", "open_exported"]
