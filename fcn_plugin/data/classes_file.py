"""Names of classes: what a name may be, and the files that list them.

A file has one name a line, or is a CSV with the header ``id,name`` or ``id,name,red,green,blue``.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from pathlib import Path

from ..atomic_write import read_plain
from ..errors import UserError
from .class_map import LARGEST_ID

COLOUR = ("red", "green", "blue")
LONGEST_NAME = 200  # characters
Colour = tuple[int, int, int]
ClassTable = tuple[dict[int, str], dict[int, Colour] | None]


def class_name(name: object, where: str | Path) -> str:
    """Return a name that a class may have; raises ``class-file``, which names the place, for others.

    Names come from strangers, and stand in tables, file names, and texts of configs, in which mmengine replaces ``{{ ... }}``.
    """
    is_text = isinstance(name, str) and name.isprintable() and "{{" not in name
    if is_text and 0 < len(name.strip()) == len(name) <= LONGEST_NAME:
        return name
    found = f"{name!r:.{LONGEST_NAME}} is no class name: write 1 to {LONGEST_NAME} characters that can be printed"
    raise _error(where, f"{found}, without {{{{ and blanks at the ends")


def read_classes(path: str | Path) -> ClassTable:
    """Read names and colours of ids; raises ``class-file``, with the line, for what can't be read or is invalid.

    Returns:
        ``class_map``, id -> name in ascending order of ids (several ids may carry one name); a list of names numbers them from
        0. ``colours``, id -> (red, green, blue), or None where the file holds none.
    """
    try:
        lines = re.split("\r\n?|\n", read_plain(Path(path)).decode("utf-8-sig").rstrip())
    except (OSError, UnicodeDecodeError) as error:
        raise _error(path, f"it can't be read as UTF-8 text ({error}); write one class name a line") from error
    header = re.match(r"\s*id\s*([,;\t])", lines[0], re.IGNORECASE)
    return _read_table(path, lines, header[1]) if header else (_read_names(path, lines), None)


def _read_names(path: str | Path, lines: Sequence[str]) -> dict[int, str]:
    line_of: dict[str, int] = {}
    for i, line in enumerate(lines, 1):
        where = f"{path}, line {i}"
        if "," in line:
            raise _error(where, f"{line!r} is no class name; a CSV starts with the line id,name,red,green,blue")
        name = class_name(line.strip(), where)
        if line_of.setdefault(name, i) != i:
            raise _error(where, f"{name!r} is in line {line_of[name]} too; a CSV can give two ids one name")
    return dict(enumerate(line_of))


def _read_table(path: str | Path, lines: Sequence[str], delimiter: str) -> ClassTable:
    rows = csv.reader(lines, delimiter=delimiter)
    entries: dict[int, tuple[str, Colour]] = {}
    try:
        columns = [cell.strip().lower() for cell in next(rows)]
        if columns not in (["id", "name"], ["id", "name", *COLOUR]):
            raise _error(f"{path}, line 1", f"the columns are {columns}; make them id,name or id,name,red,green,blue")
        for row in rows:
            if not any(cell.strip() for cell in row):
                continue
            where = f"{path}, line {rows.line_num}"
            if len(row) != len(columns):
                raise _error(where, f"{delimiter.join(row)!r} has {len(row)} cells, the header {len(columns)}")
            number, name = _whole_number(row[0], "id", LARGEST_ID, where), class_name(row[1].strip(), where)
            if number in entries:
                raise _error(where, f"id {number} is {entries[number][0]!r} already; give each id one line")
            parts = zip(row[2:], columns[2:], strict=True)
            entries[number] = name, tuple(_whole_number(cell, column, 255, where) for cell, column in parts)
    except csv.Error as error:
        raise _error(f"{path}, line {rows.line_num}", f"it is no CSV ({error}); write id and name") from error
    if not entries:
        raise _error(path, "it names no class; write a line id,name for each")
    class_map, colours = ({id: entries[id][i] for id in sorted(entries)} for i in (0, 1))
    return class_map, colours if columns[2:] else None


def _whole_number(text: str, column: str, largest: int, where: str) -> int:
    if not re.fullmatch(r"\s*\d{1,9}\s*", text) or int(text) > largest:
        raise _error(where, f"{column} is {text.strip()!r}; give a whole number from 0 to {largest}")
    return int(text)


def _error(where: str | Path, fault: str) -> UserError:
    return UserError("class-file", f"{where}: {fault}")
