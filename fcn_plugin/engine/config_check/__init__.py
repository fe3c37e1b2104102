"""Misspelt names: in a config, and in the overrides of one."""

from .keys import check_keys
from .overrides import merge_overrides
from .parameters import default_of

__all__ = ["check_keys", "default_of", "merge_overrides"]
