"""Look up the arguments of the class that a config's ``type`` names, and their types."""

from __future__ import annotations

import inspect
import types
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from mmengine import registry as registries
from mmengine.registry import Registry
from mmseg import registry as mmseg_registries


def registered(name: str) -> Any:
    """Return the object registered under a name in any of mmengine's registries; None for an unknown name."""
    known = (table.module_dict.get(name) for table in _tables())
    asked = (table.get(name) for table in _tables())  # also finds other scopes and import paths; a hundred times slower
    return next(filter(None, (found for each in (known, asked) for found in each)), None)


def registered_names() -> set[str]:
    """Return the names in all registries except those of nets and layers."""
    return {name for table in _tables() if table.name != "model" for name in table.module_dict}


@cache
def _tables() -> list[Registry]:
    tables = [table for module in (mmseg_registries, registries) for table in vars(module).values()]
    return [table for table in tables if isinstance(table, Registry)]


def class_of(kind: Any) -> type | None:
    """Return the class of a registered name, or a class itself; None for anything else."""
    kind = registered(kind) if isinstance(kind, str) else kind
    return kind if inspect.isclass(kind) else None


def parameters_of(kind: Any) -> tuple[set[str], set[str], bool]:
    """Return a class's arguments, those that it passes on to its bases, and whether it takes no others.

    Args:
        kind: a registered name or a class; anything else counts as taking any argument.
    """
    cls = class_of(kind)
    if cls is None:
        return set(), set(), False
    (named, passes_on), *bases = map(_arguments, cls.__mro__[:-1])
    return named, set().union(*(base for base, _ in bases)) if passes_on else set(), not passes_on


def _init_of(cls: Any) -> Any:
    return cls.__init__


def default_of(cls: type | None, name: str) -> Any:
    """Return an argument's default in a class or its nearest base that has one; else None."""
    arguments = [inspect.signature(_init_of(base)).parameters.get(name) for base in (cls.__mro__ if cls else ())]
    defaults = [argument.default for argument in arguments if argument is not None]
    return next((default for default in defaults if default is not inspect.Parameter.empty), None)


def misfit(entry: Mapping[str, Any]) -> tuple[str, Any] | None:
    """Return the first argument of an entry that does not match its annotation, and that annotation; else None."""
    cls, annotated = class_of(entry.get("type")), dict[str, tuple[Any, Any]]()
    for base in reversed(cls.__mro__[:-1] if cls else ()):
        annotated |= _annotated(base)  # a class may take more than its bases
    for name, (hint, default) in annotated.items():
        if name in entry and not _fits(entry[name], hint) and entry[name] != default and name != "loss_scale":
            return name, hint
    return None


@cache
def _annotated(cls: type) -> dict[str, tuple[Any, Any]]:
    """Return annotation and default of a class's arguments, for libraries whose own configs match them (all 704 of mmseg)."""
    if cls.__module__.partition(".")[0] not in ("fcn_plugin", "mmengine", "mmcv", "mmseg", "mmpretrain"):
        return {}
    try:
        hints = get_type_hints(_init_of(cls))
    except (NameError, TypeError):  # names imported only for type checkers
        return {}
    arguments = inspect.signature(_init_of(cls)).parameters
    return {name: (hint, arguments[name].default) for name, hint in hints.items() if name in arguments}


def _fits(value: Any, hint: Any) -> bool:
    """Return whether a value fits an annotation.

    Annotations are not exact, so a float is accepted for an int, a list for a tuple, several entries for a single entry.
    """
    kind, inner = get_origin(hint) or hint, get_args(hint)
    if kind in (Union, types.UnionType):
        return any(_fits(value, each) for each in inner)
    if kind is Literal:
        return value in inner
    if kind in (int, float):
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    if kind in (str, type(None)):
        return isinstance(value, kind)
    several = isinstance(value, (list, tuple))
    if kind is dict:
        entries = value if several else [value]
        return all(
            isinstance(entry, dict) and all(_fits(each, *inner[1:]) for each in entry.values() if inner)
            for entry in entries
        )
    if kind is Sequence or kind in (list, tuple):
        places = inner if kind is tuple and ... not in inner else inner[:1] * len(value) if several else ()
        return several and len(places) in (0, len(value)) and all(map(_fits, value, places))
    return True


def _arguments(cls: type) -> tuple[set[str], bool]:
    """Return the named arguments of a class, and whether it takes any others by name."""
    if _init_of(cls) is object.__init__:
        return set(), False
    _, *arguments = inspect.signature(_init_of(cls)).parameters.values()
    named = {each.name for each in arguments if each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD)}
    return named, any(each.kind is each.VAR_KEYWORD for each in arguments)
