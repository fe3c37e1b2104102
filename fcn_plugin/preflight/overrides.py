"""Overrides of a config from the command line: each must reach an entry that something reads."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from mmengine.config import Config, ConfigDict

from ..errors import UserError
from .keys import DEFAULT_HOOKS, READ
from .parameters import parameters_of
from .spelling import nearest

# read by those who build an entry, not by its class
BUILDERS = {"type", "_delete_", "_scope_", "priority", "constructor", "paramwise_cfg", "convert_to_iter_based"}
BUILDERS |= {"requires_grad"}  # of norm layers


def merge_overrides(cfg: Config, options: Mapping[str, Any]) -> None:
    """Check ``--cfg-options`` and merge them into the config; an entry that is None is filled.

    Args:
        cfg: a whole config; changed.
        options: dotted key -> value.

    Raises:
        UserError: as :func:`check_overrides`.
    """
    check_overrides(cfg, options)
    cleared = {f"{place}._delete_": True for key in options for place in _nones_above(cfg, key)}
    cfg.merge_from_dict({**cleared, **options})  # the engine merges entries into dicts alone


def check_overrides(cfg: Config, keys: Collection[str]) -> None:
    """Refuse keys that would reach nothing: misspelt ones, places beyond a list, variables that entries were built from.

    Args:
        cfg: the config before the overrides are merged.
        keys: dotted keys, such as ``train_cfg.max_iters`` or ``custom_hooks.0.interval``.

    Raises:
        UserError: the key, and what is there or was probably meant.
    """
    for key in keys:
        words = key.split(".")
        _check_first(cfg, key, words[0])
        node = cfg.get(words[0])
        for depth, word in enumerate(words[1:], 1):
            where = ".".join(words[:depth])
            if node is None and not word.isdigit():  # a new entry
                break
            if isinstance(node, list) or node is None:
                node = node[_place(node, where, word, key)]
            elif not isinstance(node, dict):
                raise UserError(f"--cfg-options {key}: {where} is {node!r}, which has no entries: give all of {where}")
            elif any(not isinstance(name, str) for name in node):  # a class map
                raise UserError(f"--cfg-options {key}: {where} has numbers for keys: change it in the config file")
            elif word in node:
                node = node[word]
            else:
                if f"{where}.type" not in keys:  # of another type the entries are not known yet
                    _check_new(node, where, word, key, keys)
                break


def _check_first(cfg: Config, key: str, word: str) -> None:
    if word in READ:
        if key != word and dict not in READ[word]:
            raise UserError(f"--cfg-options {key}: {word} has no entries: give all of {word}")
        return
    if word not in cfg:
        meant = nearest(word, {*cfg, *READ})
        raise UserError(
            f"--cfg-options {key}: the config has no {word}: "
            + (f"did you mean {key.replace(word, meant, 1)}?" if meant else "correct the key")
        )
    built = list(dict.fromkeys(_built_from(cfg, word)))[:3]
    raise UserError(
        f"--cfg-options {key}: {word} is a variable of the config file, and its entries keep the value that they were built "
        "from: override the entries" + (f", {', '.join(built)}" if built else "")
    )


def _built_from(cfg: Config, variable: str) -> Iterator[str]:
    """Places of the entries that have a variable's name, or are equal to it where it is a dict or list."""
    value = cfg[variable]

    def search(node: Any, path: str) -> Iterator[str]:
        items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
        for name, inner in items:
            if inner == value and (name == variable or (isinstance(value, (dict, list, tuple)) and value)):
                yield f"{path}.{name}"
            else:
                yield from search(inner, f"{path}.{name}")

    for key in READ:
        if key in cfg:
            yield from search(cfg[key], key)


def _place(node: list | None, where: str, word: str, key: str) -> int:
    if node is None:
        raise UserError(f"--cfg-options {key}: the config has no list {where}")
    if not word.isdigit() or int(word) >= len(node):
        places = f"0 to {len(node) - 1}" if node else "none, it is empty"
        raise UserError(f"--cfg-options {key}: {word} is no place in the list {where}: there are {places}")
    return int(word)


def _check_new(node: ConfigDict, where: str, word: str, key: str, keys: Collection[str]) -> None:
    """An entry that is not there yet: a new hook, a parameter of the entry's class, or a misspelt word."""
    if where == "default_hooks" and word not in DEFAULT_HOOKS:
        if f"{where}.{word}.type" in keys:
            return
        known = {*DEFAULT_HOOKS, *node}
        meant = nearest(word, known)
        raise UserError(
            f"--cfg-options {key}: {where} has no {word}: "
            + (f"did you mean {key.replace(word, meant, 1)}?" if meant else f"give {where}.{word}.type too")
        )
    named, inherited, closed = parameters_of(node.get("type"))
    if word in (named | inherited | BUILDERS):
        return
    meant = nearest(word, {*node, *named, *inherited})
    if meant:
        raise UserError(
            f"--cfg-options {key}: {word!r} is no entry of {where}: correct this entry, did you mean {where}.{meant}?"
        )
    if closed:
        raise UserError(
            f"--cfg-options {key}: {word!r} is no entry of {where}: correct this entry, {node.type} takes "
            + (", ".join(sorted(named)) or "none")
        )


def _nones_above(cfg: Config, key: str) -> Iterator[str]:
    """The place on the way to a key where the config has None, if any."""
    words = key.split(".")
    node: Any = cfg
    for depth, word in enumerate(words[:-1], 1):
        if isinstance(node, list):
            node = node[int(word)]
        elif word in node:
            node = node[word]
        else:
            return
        if node is None:
            yield ".".join(words[:depth])
            return
