"""Configs in checkpoints: text that mmengine runs as a program, when a run resumes or an inferencer is given weights alone."""

from __future__ import annotations

import ast
import logging

from mmengine.logging import print_log

from .trust import may_run

PLACES = [(*folders, name) for folders in (("meta",), ("message_hub", "runtime_info")) for name in ("config", "cfg")]
VALUES = (ast.Constant, ast.List, ast.Tuple, ast.Dict, ast.Set, ast.UnaryOp, ast.USub, ast.UAdd, ast.keyword, ast.Load)


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
    """Whether a config's text assigns values and calls of ``dict`` to names, and does nothing else."""
    if not isinstance(text, str):
        return False
    try:
        statements = ast.parse(text).body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return False
    return all(
        isinstance(one, ast.Assign) and isinstance(one.targets[0], ast.Name) and _is_value(one.value)
        for one in statements
    )


def _is_value(node: ast.AST) -> bool:
    if isinstance(node, ast.Call):
        is_dict = isinstance(node.func, ast.Name) and node.func.id == "dict"
        return is_dict and all(map(_is_value, [*node.args, *node.keywords]))
    return isinstance(node, VALUES) and all(map(_is_value, ast.iter_child_nodes(node)))
