"""Files of classes: one name a line, or a CSV with the header ``id,name`` or ``id,name,red,green,blue``."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from pathlib import Path

from ..errors import UserError
from .class_map import LARGEST_ID

COLOUR = ("red", "green", "blue")
ClassTable = tuple[dict[int, str], list[list[int]] | None]


def read_classes(path: str | Path) -> ClassTable:
    """Read names and colours of ids; raises ``class-file``, with the line, for what can't be read or is invalid.

    Returns:
        ``class_map``, id -> name in ascending order of ids (several ids may carry one name); a list of names numbers them from
        0. ``palette``, [red, green, blue] of each entry of ``class_map``, or None where the file holds no colours.
    """
    try:
        lines = Path(path).read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = "no such file" if isinstance(error, FileNotFoundError) else error
        raise _error(path, f"it can't be read as UTF-8 text ({reason}); write one class name a line") from error
    header = re.match(r"\s*id\s*([,;\t])", lines[0], re.IGNORECASE) if lines else None
    return _read_table(path, lines, header[1]) if header else (_read_names(path, lines), None)


def _read_names(path: str | Path, lines: Sequence[str]) -> dict[int, str]:
    names = [line.strip() for line in "\n".join(lines).rstrip().split("\n")]
    for i, name in enumerate(names):
        where = f"{path}, line {i + 1}"
        if not name:
            raise _error(where, "it is empty; write one class name a line, id 0 first")
        if "," in name:
            raise _error(where, f"{name!r} is no class name; a CSV starts with the line id,name,red,green,blue")
        if name in names[:i]:
            raise _error(where, f"{name!r} is in line {names.index(name) + 1} too; a CSV can give two ids one name")
    return dict(enumerate(names))


def _read_table(path: str | Path, lines: Sequence[str], delimiter: str) -> ClassTable:
    rows = csv.reader(lines, delimiter=delimiter)
    columns = [cell.strip().lower() for cell in next(rows)]
    if columns not in (["id", "name"], ["id", "name", *COLOUR]):
        raise _error(f"{path}, line 1", f"the columns are {columns}; make them id,name or id,name,red,green,blue")
    entries: dict[int, tuple[str, list[int]]] = {}
    for row in rows:
        if not any(cell.strip() for cell in row):
            continue
        where = f"{path}, line {rows.line_num}"
        if len(row) != len(columns):
            raise _error(where, f"{delimiter.join(row)!r} has {len(row)} cells, the header {len(columns)}")
        number, name = _whole_number(row[0], "id", LARGEST_ID, where), row[1].strip()
        if not name:
            raise _error(where, f"id {number} has no name; give it one, or remove the line")
        if number in entries:
            raise _error(where, f"id {number} is {entries[number][0]!r} already; give each id one line")
        colour = [_whole_number(cell, column, 255, where) for cell, column in zip(row[2:], columns[2:], strict=True)]
        entries[number] = name, colour
    if not entries:
        raise _error(path, "it names no class; write a line id,name for each")
    class_map = {number: entries[number][0] for number in sorted(entries)}
    return class_map, [entries[number][1] for number in class_map] if columns[2:] else None


def _whole_number(text: str, column: str, largest: int, where: str) -> int:
    if not text.strip().isdecimal() or int(text) > largest:
        raise _error(where, f"{column} is {text.strip()!r}; give a whole number from 0 to {largest}")
    return int(text)


def _error(where: str | Path, fault: str) -> UserError:
    return UserError("class-file", f"{where}: {fault}")
