"""Griffe extension: ``:class:`.skip_head.FCNSkipHead``` in a docstring becomes ``FCNSkipHead`` as code."""

from __future__ import annotations

import re

from griffe import Extension

ROLE = re.compile(r":(class|func|meth|attr|mod|data|exc):`~?\.?([\w.]+)`")


def plain(text: str) -> str:
    """Replace roles: a module by its dotted path, a method by ``Class.method``, anything else by its last name; ``::`` by ``:``."""

    def name(role: re.Match) -> str:
        parts = role[2].split(".")
        kept = {"mod": len(parts), "meth": 2}.get(role[1], 1)
        return f"`{'.'.join(parts[-kept:])}`"

    return re.sub(r"::$", ":", ROLE.sub(name, text), flags=re.MULTILINE)


class SphinxRoles(Extension):
    """Rewrite each docstring once, when its object is loaded."""

    def on_object(self, *, obj, **_) -> None:
        """Rewrite the docstring of a module, class, function or attribute."""
        if obj.docstring:
            obj.docstring.value = plain(obj.docstring.value)
