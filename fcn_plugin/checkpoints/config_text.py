"""Configs in checkpoints: text that mmengine runs as a program, when a run resumes or an inferencer is given weights alone."""

from __future__ import annotations

import ast
import logging
import sys

from mmengine.logging import print_log

from .trust import may_run

# of ``config`` the engine wants the number of GPUs of old runs alone
PLACES = [(*folders, name) for folders in (("meta",), ("message_hub", "runtime_info")) for name in ("config", "cfg")]
VALUES = (ast.Constant, ast.List, ast.Tuple, ast.Dict, ast.UnaryOp, ast.USub, ast.UAdd, ast.keyword, ast.Load)
# names that mean something to the engine: a file to run first, and its own
RESERVED = ("_base_", "filename", "text", "pretty_text", "env_variables")
KNOWN = ("fcn_plugin", "mmseg", "mmpretrain", "mmdet", "mmcv", "mmengine")


def drop_programs(content: dict, path: str) -> None:
    """Take texts out of a checkpoint that do more than assign values, unless the file is trusted.

    Args:
        content: of the checkpoint; changed.
        path: its file.
    """
    for *folders, name in PLACES:
        node = content
        for folder in folders:
            node = node.get(folder) if isinstance(node, dict) else None
        if not isinstance(node, dict) or name not in node or is_plain(node[name]):
            continue
        where = ".".join((*folders, name))
        if not may_run(path, f"holds a program in {where}"):
            del node[name]
            print_log(
                f"{path}: {where} is a program that may be run later, and was left out", "current", logging.WARNING
            )


def is_plain(text: object) -> bool:
    """Whether a config's text assigns values and calls of ``dict`` to names, and makes the engine do nothing else."""
    if not isinstance(text, str) or "{{" in text:  # which the engine fills in before it runs the text
        return False
    try:
        statements = ast.parse(text).body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return False
    return all(map(_is_assignment, statements))


def _is_assignment(statement: ast.stmt) -> bool:
    if not isinstance(statement, ast.Assign) or len(statement.targets) != 1 or not _is_value(statement.value):
        return False
    target = statement.targets[0]
    if not isinstance(target, ast.Name) or target.id in (*RESERVED, "dict"):
        return False
    return target.id != "custom_imports" or _imports_known(statement.value)


def _imports_known(value: ast.AST) -> bool:
    """Whether modules to import are of this family, or in use by the program already: no other code comes to run."""
    names = [node.value for node in ast.walk(value) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    return all(name.partition(".")[0] in KNOWN or name in sys.modules for name in names)


def _is_value(node: ast.AST) -> bool:
    if isinstance(node, ast.Call):
        is_dict = isinstance(node.func, ast.Name) and node.func.id == "dict"
        return is_dict and all(map(_is_value, [*node.args, *node.keywords]))
    return isinstance(node, VALUES) and all(map(_is_value, ast.iter_child_nodes(node)))
