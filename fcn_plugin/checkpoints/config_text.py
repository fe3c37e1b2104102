"""Configs in checkpoints: text that mmengine runs as a program, when a run resumes or an inferencer is given weights alone."""

from __future__ import annotations

import ast
import logging
import sys

from mmengine.logging import print_log

from .pickles import may_run

PLACES = [(*folders, name) for folders in (("meta",), ("message_hub", "runtime_info")) for name in ("config", "cfg")]
VALUES = (ast.Constant, ast.List, ast.Tuple, ast.Dict, ast.UnaryOp, ast.USub, ast.UAdd, ast.keyword, ast.Load)
# names that mean something to the engine: a file to run first, its own, and the one function that texts call
RESERVED = ("_base_", "filename", "text", "pretty_text", "env_variables", "dict")
KNOWN = ("fcn_plugin", "mmseg", "mmpretrain", "mmdet", "mmcv", "mmengine")


def drop_programs(content: dict, path: str) -> None:
    """Remove texts that do more than assign values from a checkpoint's content, unless its file, ``path``, is trusted."""
    for *folders, name in PLACES:
        node = content
        for folder in folders:
            node = node.get(folder) if isinstance(node, dict) else None
        where = ".".join((*folders, name))
        if not isinstance(node, dict) or name not in node or is_plain(node[name]):
            continue
        if not may_run(path, f"holds a program in {where}"):
            del node[name]
            message = f"{path}: {where} is a program that may be run later, and was left out"
            print_log(message, "current", logging.WARNING)


def is_plain(text: object) -> bool:
    """Tell whether a config's text assigns values and calls of ``dict`` to names, and makes the engine do nothing else."""
    try:  # what is in double braces the engine fills in before it runs the text
        return isinstance(text, str) and "{{" not in text and all(map(_is_assignment, ast.parse(text).body))
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return False


def _is_assignment(statement: ast.stmt) -> bool:
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)], value=value) if name not in RESERVED and _is_value(value):
            return name != "custom_imports" or _imports_known(value)
    return False


def _is_value(node: ast.AST) -> bool:
    match node:
        case ast.Call(func=ast.Name(id="dict")):
            return all(map(_is_value, [*node.args, *node.keywords]))
    return isinstance(node, VALUES) and all(map(_is_value, ast.iter_child_nodes(node)))


def _imports_known(value: ast.AST) -> bool:
    """Tell whether modules to import are of this family, or imported already: no other code comes to run."""
    names = [node.value for node in ast.walk(value) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    return all(name.partition(".")[0] in KNOWN or name in sys.modules for name in names)
