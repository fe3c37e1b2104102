"""One page about a net on a split: where it is right, where it is wrong, and how sure it is (docs/report.md)."""

from .gather import FCNReport

__all__ = ["FCNReport"]
