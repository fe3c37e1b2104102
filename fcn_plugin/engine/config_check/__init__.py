"""Misspelt names: in a config, and in the overrides of one."""

from .keys import check_keys
from .overrides import merge_overrides

__all__ = ["check_keys", "merge_overrides"]
