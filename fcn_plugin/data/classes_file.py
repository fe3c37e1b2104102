"""Read files of class names and check the names.

A file has one name per line, or is a CSV with a header (``id,name``, ``id,name,red,green,blue``, Roboflow's ``Pixel Value, Class``,
Kaggle's ``name,r,g,b``), or has lines of one of ``FORMS``. ``#`` and a space begin a comment.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from itertools import dropwhile
from pathlib import Path
from typing import NamedTuple

from ..atomic_write import read_plain
from ..errors import UserError
from .class_map import LARGEST_ID

COLOUR = ("red", "green", "blue")
# other programs' names of the columns, in lower case and with spaces for "_"
COLUMNS = {"id": "id", "name": "name", "pixel value": "id", "class": "name", "class name": "name", "label": "name"}
COLUMNS |= {"class id": "id", "label id": "id"}
COLUMNS |= {key: name for name in COLOUR for key in (name, name[0])}
# forms of lines with more than a name; all lines of a file have the same form
FORMS = (
    r"(?P<name>.+):(?P<red>\d+), *(?P<green>\d+), *(?P<blue>\d+):[^:]*:[^:]*",  # CVAT's labelmap.txt, with parts and actions
    r"(?P<name>.+)::[^:]*:[^:]*",  # without colours
    r"(?P<id>\d+)(?::|\s)\s*(?P<name>\D.*)",  # 0 background
    r"(?P<red>\d+)\s+(?P<green>\d+)\s+(?P<blue>\d+)\s+(?P<name>\D.*)",  # CamVid's label_colors.txt
)
LONGEST_NAME = 200  # characters
Colour = tuple[int, int, int]
Lines = Sequence[tuple[int, str]]  # line number in the file, text


class ClassTable(NamedTuple):
    """Attributes: ``class_map``, id -> name, ascending; ``colours``, id -> colour, or None; ``numbered``: the file has ids."""

    class_map: dict[int, str]
    colours: dict[int, Colour] | None
    numbered: bool


def class_name(name: object, where: str | Path) -> str:
    """Return a valid class name; UserError: ``class-file``, with the place ``where``, for others.

    Names are untrusted, and are written to tables, file names and configs, in which mmengine replaces ``{{ ... }}``.
    """
    if isinstance(name, str) and _is_safe(name):
        return name
    found = f"invalid class name {name!r:.{LONGEST_NAME}}: use 1 to {LONGEST_NAME} printable characters"
    raise _error(where, f"{found}, without {{{{ and without spaces at the ends")


def _is_safe(name: str) -> bool:
    return name.isprintable() and "{{" not in name and 0 < len(name.strip()) == len(name) <= LONGEST_NAME


def read_classes(path: str | Path) -> tuple[dict[int, str], dict[int, Colour] | None]:
    """Read names and colours with :func:`read_class_table`."""
    return read_class_table(path)[:2]


def read_class_table(path: str | Path) -> ClassTable:
    """Read names and colours of ids; entries without ids are numbered from 0. Several ids may share a name.

    Raises:
        UserError: class-file, with the line, for unreadable or invalid entries.
    """
    try:
        text = read_plain(Path(path)).decode("utf-8-sig").rstrip()
    except (OSError, UnicodeDecodeError) as error:
        raise _error(path, f"can't be read as UTF-8 text ({error}); write one class name per line") from error
    numbered = enumerate(re.split("\r\n?|\n", text), 1)
    entries = (pair for pair in numbered if not pair[1].startswith("#") or pair[1][1:2].strip())
    lines = [*dropwhile(lambda entry: not entry[1].strip(), entries)]
    if not lines:
        raise _error(f"{path}, line 1", "no class names; write one class name per line")
    for form in map(re.compile, FORMS):
        if form.fullmatch(lines[0][1]) and all(form.fullmatch(line) for _, line in lines if line.strip()):
            matches = ((i, form.fullmatch(line)) for i, line in lines if line.strip())
            return _table(path, list(form.groupindex), [(i, found.groups()) for i, found in matches if found])
    for delimiter in ",;\t":
        columns = [_column(cell) for cell in lines[0][1].split(delimiter)]
        if len(columns) > 1 and set(columns) & set(COLUMNS.values()):
            return _read_csv(path, lines, delimiter)
    return _read_names(path, lines)


def _read_names(path: str | Path, lines: Lines) -> ClassTable:
    line_of: dict[str, int] = {}
    for i, line in lines:
        where = f"{path}, line {i}"
        if "," in line:
            raise _error(where, f"invalid class name {line!r}; a CSV needs the header id,name,red,green,blue")
        if line.startswith("#"):
            raise _error(
                where, f"{line!r} may be a comment or a name: write '# ' for a comment, a CSV id,name for a name"
            )
        name = class_name(line.strip(), where)
        if line_of.setdefault(name, i) != i:
            raise _error(where, f"{name!r} is also in line {line_of[name]}; to give two ids one name, write a CSV")
    return ClassTable(dict(enumerate(line_of)), None, False)


def _column(cell: str) -> str:
    key = cell.strip().lower()
    return COLUMNS.get(key.replace("_", " "), key)


def _read_csv(path: str | Path, lines: Lines, delimiter: str) -> ClassTable:
    rows = csv.reader([line for _, line in lines], delimiter=delimiter)
    cells: list[tuple[int, list[str]]] = []
    try:
        for row in rows:
            cells.append((lines[rows.line_num - 1][0], row))
    except csv.Error as error:
        where = f"{path}, line {lines[rows.line_num - 1][0]}"
        raise _error(where, f"invalid CSV ({error}); write id and name") from error
    return _table(path, [_column(cell) for cell in cells[0][1]], cells[1:])


def _table(path: str | Path, columns: Sequence[str], rows: Sequence[tuple[int, Sequence[str]]]) -> ClassTable:
    """Make a table from cells; ``rows``: line number and cells."""
    known = sorted(columns)
    if known not in (sorted(["id", "name"]), sorted(["id", "name", *COLOUR]), sorted(["name", *COLOUR]), ["name"]):
        raise _error(f"{path}, line 1", f"the columns are {list(columns)}; make them id,name or id,name,red,green,blue")
    names: dict[int, str] = {}
    colours: dict[int, Colour] = {}
    for line, row in rows:
        if not any(cell.strip() for cell in row):
            continue
        where = f"{path}, line {line}"
        if len(row) != len(columns):
            raise _error(where, f"{', '.join(row)!r} has {len(row)} cells, the header has {len(columns)}")
        cells = dict(zip(columns, row, strict=True))
        number = _whole_number(cells["id"], "id", LARGEST_ID, where) if "id" in cells else len(names)
        if number in names:
            raise _error(where, f"id {number} is already {names[number]!r}; write one line per id")
        if "red" in cells:
            red, green, blue = (_whole_number(cells[column], column, 255, where) for column in COLOUR)
            colours[number] = red, green, blue
        names[number] = class_name(cells["name"].strip(), where)
    if not names:
        raise _error(path, "no class names; write one line id,name per class")
    return ClassTable(dict(sorted(names.items())), dict(sorted(colours.items())) or None, "id" in columns)


def _whole_number(text: str, column: str, largest: int, where: str) -> int:
    if not re.fullmatch(r"\s*\d{1,9}\s*", text) or int(text) > largest:
        raise _error(where, f"{column} is {text.strip()!r}; give a whole number from 0 to {largest}")
    return int(text)


def _error(where: str | Path, fault: str) -> UserError:
    return UserError("class-file", f"{where}: {fault}")
