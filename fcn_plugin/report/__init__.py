"""A report page on a net's results: where it is right or wrong, and how confident it is (docs/report.md)."""

from .gather import FCNReport

__all__ = ["FCNReport"]
