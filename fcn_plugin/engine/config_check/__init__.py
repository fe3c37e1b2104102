"""Misspelt names: in a config, and in the overrides of one."""

from .keys import check_keys
from .overrides import merge_overrides
from .parameters import default_of
from .values import check_values

__all__ = ["check_keys", "check_values", "default_of", "merge_overrides"]
