"""Write configs as text that evaluates to the same values, and check that texts in checkpoints run no other code."""

from __future__ import annotations

import ast
import keyword
import logging
import re
import sys
from typing import Any

import mmengine.registry
from mmengine.logging import print_log
from mmengine.registry import Registry

from .contents import entries
from .pickles import may_run

PLACES = [(*folders, name) for folders in (("meta",), ("message_hub", "runtime_info")) for name in ("config", "cfg")]
VALUES = (ast.Constant, ast.List, ast.Tuple, ast.Dict, ast.UnaryOp, ast.USub, ast.UAdd, ast.keyword, ast.Load)
# names with a meaning for mmengine, and the only function that texts may call
RESERVED = ("_base_", "filename", "text", "pretty_text", "env_variables", "dict")
SCOPES = ("mmseg", "mmengine")  # in which names without a scope are looked up
KNOWN = (*SCOPES, "fcn_plugin", "mmpretrain", "mmdet", "mmcv")
PROGRAMS = ("pkl", "pickle", "yaml", "yml")  # files that may run code when losses or other types load them
LONGEST = 2**20  # characters; real configs have some ten thousand
# types that run their arguments as code, load pickles, use other libraries or upload data
RISKY = re.compile(
    r"mmpretrain\.(?!models\.backbones\.)|mmdet\.(?!models\.(layers|losses|task_modules)\.)|functools|transformers|torchvision|"
    r".*\.(TIMMBackbone|VPD|(?!Local|Tensorboard)\w*VisBackend)$"
)


def config_text(values: dict[str, Any]) -> str:
    """Format values as assignments; names and texts in them can't introduce other code."""
    return "".join(f"{name} = {_literal(value)}\n" for name, value in values.items() if _is_name(name))


def _literal(value: Any, line: str = "\n") -> str:
    deeper = f"{line}    "
    if isinstance(value, dict):
        if all(map(_is_name, value)):
            begin, end, items = "dict(", ")", [f"{key}={_literal(item, deeper)}" for key, item in value.items()]
        else:
            begin, end, items = "{", "}", [f"{_literal(key)}: {_literal(item, deeper)}" for key, item in value.items()]
    elif type(value) in (list, tuple):
        (begin, end), items = ("[]" if type(value) is list else "()"), [_literal(item, deeper) for item in value]
    elif isinstance(value, float) and value in (float("inf"), -float("inf")):
        return repr(value).replace("inf", "1e999")
    else:
        if isinstance(value, type):
            value = f"{value.__module__}.{value.__qualname__}"
        plain = type(value) in (str, bytes, bool, int, float, type(None)) and value == value
        # mmengine replaces double braces before it reads a text
        return re.sub(r"\{(?=\{)", r"\\x7b", repr(value if plain else str(value)))
    if sum(map(len, items)) < 100 and not any("\n" in item for item in items):
        return f"{begin}{', '.join(items)}{',' if type(value) is tuple and len(items) == 1 else ''}{end}"
    return f"{begin}{''.join(f'{deeper}{item},' for item in items)}{line}{end}"


def _is_name(key: Any) -> bool:
    """Return whether a key can be a variable name; only ASCII, since Python normalises other letters."""
    return isinstance(key, str) and key.isascii() and key.isidentifier() and not keyword.iskeyword(key)


def drop_programs(content: dict[str, Any], path: str) -> None:
    """Remove texts that do more than assign values from a checkpoint's content, unless the file ``path`` is trusted."""
    for *folders, name in PLACES:
        node: Any = content
        for folder in folders:
            node = node.get(folder) if isinstance(node, dict) else None
        where = ".".join((*folders, name))
        if not isinstance(node, dict) or name not in node or is_plain(node[name]):
            continue
        if not may_run(path, f"contains a program in {where}"):
            del node[name]
            message = f"{path}: ignored {where}, since it is a program that might be run later"
            print_log(message, "current", logging.WARNING)


def is_plain(text: object) -> bool:
    """Return whether a config's text only assigns literals and calls of ``dict``, and makes mmengine run no other code.

    Types must be registered, since mmengine imports any other name as a module.
    """
    try:  # mmengine replaces double braces before it runs the text
        if not isinstance(text, str) or len(text) > LONGEST or "{{" in text:
            return False
        tree, values = ast.parse(text), {"dict": dict, "__builtins__": {}}
        if not all(map(_is_assignment, tree.body)):
            return False
        exec(compile(tree, "config", "exec"), values)  # literals, and calls of dict
        return all(_is_known(key, value) for key, value in entries(values))
    except Exception:  # broken texts raise many kinds of errors
        return False


def _is_assignment(statement: ast.stmt) -> bool:
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            return name not in RESERVED and _is_value(value)
    return False


def _is_value(node: ast.AST) -> bool:
    match node:
        case ast.Call(func=ast.Name(id="dict")):
            return all(map(_is_value, [*node.args, *node.keywords]))
    return isinstance(node, VALUES) and all(map(_is_value, ast.iter_child_nodes(node)))


def _is_known(key: Any, value: Any) -> bool:
    if key in ("type", "collate_fn"):
        return isinstance(value, str) and _is_registered(value)
    if key == "imports":  # only OpenMMLab's packages and already imported modules
        return value in sys.modules or (isinstance(value, str) and value.removesuffix(".models") in KNOWN)
    if key in ("_scope_", "save_dir"):  # scope of names; folder of pictures
        return value is None or (key == "_scope_" and value in SCOPES)
    return not isinstance(value, str) or value.rpartition(".")[2] not in PROGRAMS


def _is_registered(name: str) -> bool:
    """Return whether a type is registered in a known scope and harmless."""
    scope, _, rest = name.rpartition(".")
    roots = [root for root in vars(mmengine.registry).values() if isinstance(root, Registry)]
    tables = [table for root in roots for table in (root, *root.children.values())]
    names = []
    for table in tables:
        if table.scope == scope or (not scope and table.scope in SCOPES):
            table.import_from_location()
            if part := table.module_dict.get(rest):
                names.append(f"{getattr(part, '__module__', 'functools')}.{getattr(part, '__name__', '')}")
    return bool(names) and not any(map(RISKY.match, names))
