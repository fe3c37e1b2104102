"""Which entries the registered class of a config's ``type`` takes."""

from __future__ import annotations

import inspect
from typing import Any

from mmengine import registry as registries
from mmengine.registry import Registry
from mmseg import registry as mmseg_registries


def parameters_of(kind: Any) -> tuple[set[str], set[str], bool]:
    """Names that a registered class takes itself, names that it passes on to its bases, and whether there are no others.

    Args:
        kind: a registered name, a class, or anything else, which takes whatever comes.
    """
    cls = _find(kind) if isinstance(kind, str) else kind
    if not inspect.isclass(cls):
        return set(), set(), False
    named, passes_on = _arguments(cls)
    inherited: set[str] = set()
    for base in cls.__mro__[1:-1] if passes_on else ():
        inherited |= _arguments(base)[0]
    return named, inherited, not passes_on


def default_of(cls: type, name: str) -> Any:
    """What a class or the nearest of its bases sets an argument to where none is given; None where none of them has it."""
    for base in cls.__mro__:
        argument = inspect.signature(base.__init__).parameters.get(name)
        if argument is not None and argument.default is not inspect.Parameter.empty:
            return argument.default
    return None


def _arguments(cls: type) -> tuple[set[str], bool]:
    """Named arguments of a class, and whether it takes any others."""
    arguments = list(inspect.signature(cls.__init__).parameters.values())[1:]
    variable = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    named = {one.name for one in arguments if one.kind not in variable}
    return named, cls.__init__ is not object.__init__ and any(one.kind is variable[1] for one in arguments)


def _find(name: str) -> Any:
    for module in (mmseg_registries, registries):
        for registry in vars(module).values():
            found = registry.get(name) if isinstance(registry, Registry) else None
            if found is not None:
                return found
    return None
