"""Check that each of ``--cfg-options`` changes an entry that something reads."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from itertools import islice
from typing import Any, NoReturn

from mmengine.config import Config, ConfigDict

from ..errors import UserError
from .keys import DEFAULT_HOOKS
from .parameters import parameters_of
from .shapes import READ
from .spelling import nearest

# keys read by the builders of entries, not by their classes
BUILDERS = {"type", "_delete_", "_scope_", "priority", "constructor", "paramwise_cfg", "convert_to_iter_based"}
BUILDERS |= {"requires_grad"}  # of norm layers


def merge_overrides(cfg: Config, options: Mapping[str, Any]) -> None:
    """Check overrides, dotted key -> value, and merge them into the config, also into entries that are None."""
    cleared = {f"{place}._delete_": True for place in check_overrides(cfg, options)}
    cfg.merge_from_dict({**cleared, **options})  # mmengine merges entries into dicts only


def check_overrides(cfg: Config, keys: Collection[str]) -> list[str]:
    """Refuse keys without effect: misspelt ones, indices beyond a list, variables that were already copied into entries.

    Returns:
        Paths of None entries on the way to a key.

    Raises:
        UserError: ``config-override``, with the key and what was probably meant or is there.
    """
    nones = []
    for key in keys:
        if "[" in key:
            dotted = re.sub(r"\[(\d*)\]", r".\1", key)
            _refuse(key, f"write list indices between dots: did you mean {dotted}?")
        where, *words = key.split(".")
        _check_first(cfg, key, where)
        node = cfg.get(where)
        for word in words:
            if node is None:
                nones.append(where)
                break
            if isinstance(node, list):
                if not word.isdecimal() or int(word) >= len(node):
                    places = f"0 to {len(node) - 1}" if node else "none, it is empty"
                    _refuse(key, f"{word} is not an index of the list {where}: there are {places}")
                node = node[int(word)]
            elif not isinstance(node, dict):
                _refuse(key, f"{where} is {node!r}, which has no entries: set {where} itself")
            elif any(not isinstance(name, str) for name in node):  # a class map
                _refuse(key, f"the keys of {where} are numbers: change it in the config file")
            elif word in node:
                node = node[word]
            else:
                if f"{where}.type" not in keys:  # a new type may have other entries
                    _check_new(node, where, word, key, keys)
                break
            where += f".{word}"
    return nones


def _check_first(cfg: Config, key: str, word: str) -> None:
    if word in READ:
        return
    if word in cfg:
        read = {name: cfg[name] for name in READ if name in cfg}
        built = "".join(f", {place}" for place in islice(_copies(cfg[word], word, read), 3))
        what = f"{word} is a variable of the config file that was already copied into entries"
        _refuse(key, f"{what}: override the entries{built}")
    hint = _hint(key, word, {*cfg, *READ})
    inside = ", ".join(islice(_places({name: cfg[name] for name in READ if name in cfg}, word), 4))
    there = f"did you mean one of {inside}?" if inside else "correct the key"
    _refuse(key, f"the config has no {word}: {hint or there}")


def _places(node: Any, word: str, path: str = "") -> Iterator[str]:
    """Yield the outermost paths of a name below a node."""
    for name, inner in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        if name == word:
            yield f"{path}{name}"
        else:
            yield from _places(inner, word, f"{path}{name}.")


def _copies(value: Any, variable: str, node: Any, path: str = "") -> Iterator[str]:
    """Yield paths below a node with a variable's value: with its name, or any name if the value is a dict or list."""
    for name, inner in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        if inner == value and (name == variable or (value and isinstance(value, (dict, list, tuple)))):
            yield f"{path}{name}"
        else:
            yield from _copies(value, variable, inner, f"{path}{name}.")


def _check_new(node: ConfigDict, where: str, word: str, key: str, keys: Collection[str]) -> None:
    """Check a new entry: it may be a hook, a parameter of the entry's class, or a misspelling."""
    if where == "default_hooks" and word not in DEFAULT_HOOKS:
        if f"{where}.{word}.type" not in keys:
            hint = _hint(key, word, {*DEFAULT_HOOKS, *node}) or f"also give {where}.{word}.type"
            _refuse(key, f"{where} has no {word}: {hint}")
        return
    named, inherited, closed = parameters_of(node.get("type"))
    if word in (named | inherited | BUILDERS):
        return
    meant = nearest(word, {*node, *named, *inherited})
    if meant or closed:
        takes = f"{node.get('type')} takes {', '.join(sorted(named)) or 'none'}"
        remedy = f"did you mean {where}.{meant}?" if meant else takes
        _refuse(key, f"{word!r} is not an entry of {where}: correct this entry, {remedy}")


def _hint(key: str, word: str, known: Collection[str]) -> str:
    """Name the key that was probably meant; empty if none is similar."""
    meant = nearest(word, known)
    return f"did you mean {key.replace(word, meant, 1)}?" if meant else ""


def _refuse(key: str, what: str) -> NoReturn:
    raise UserError("config-override", f"--cfg-options {key}: {what}")
