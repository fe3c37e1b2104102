"""Look up which arguments the registered class of a config's ``type`` takes."""

from __future__ import annotations

import inspect
from typing import Any

from mmengine import registry as registries
from mmengine.registry import Registry
from mmseg import registry as mmseg_registries


def parameters_of(kind: Any) -> tuple[set[str], set[str], bool]:
    """Return the arguments of a class, those that it passes on to its bases, and whether it takes no others.

    Args:
        kind: a registered name, a class, or anything else, which may take any argument.
    """
    cls = kind
    if isinstance(kind, str):
        tables = [table for module in (mmseg_registries, registries) for table in vars(module).values()]
        found = (table.get(kind) for table in tables if isinstance(table, Registry))
        cls = next(filter(None, found), None)
    if not inspect.isclass(cls):
        return set(), set(), False
    (named, passes_on), *bases = map(_arguments, cls.__mro__[:-1])
    return named, set().union(*(base for base, _ in bases)) if passes_on else set(), not passes_on


def default_of(cls: type, name: str) -> Any:
    """Return the default of an argument of a class or of its nearest base that has one; None without any."""
    arguments = [inspect.signature(base.__init__).parameters.get(name) for base in cls.__mro__]
    defaults = [argument.default for argument in arguments if argument is not None]
    return next((default for default in defaults if default is not inspect.Parameter.empty), None)


def _arguments(cls: type) -> tuple[set[str], bool]:
    """Return the named arguments of a class, and whether it takes any others by name."""
    if cls.__init__ is object.__init__:
        return set(), False
    _, *arguments = inspect.signature(cls.__init__).parameters.values()
    named = {each.name for each in arguments if each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD)}
    return named, any(each.kind is each.VAR_KEYWORD for each in arguments)
