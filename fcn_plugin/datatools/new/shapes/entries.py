"""Read JSON files of shapes: objects, lists of entries with errors that name the entry, numbers, COCO's runs."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ....atomic_write import read_plain
from ....errors import UserError, abbreviate

LARGEST = 1e9  # largest coordinate, in pixels; sums and products of these are exact enough and finite
MOST = 2**31  # bytes of a file; that of COCO's training images has half a billion


def run_lengths(text: str) -> list[int]:
    """Read COCO's compressed RLE: five bits per character, starting at 48; from the third number, differences to the second last.

    Source: ``rleFrString`` of the COCO API (maskApi.c). Raise ValueError for invalid text.
    """
    lengths: list[int] = []
    value = shift = 0
    for character in text:
        bits = ord(character) - 48
        if not 0 <= bits < 64 or shift > 30:  # seven characters exceed the pixels of any image
            raise ValueError(f"its RLE has an invalid character {character!r}")
        value |= (bits & 0x1F) << shift
        shift += 5
        if bits & 0x20:  # more to come
            continue
        if bits & 0x10:  # negative
            value -= 1 << shift
        lengths.append(value + lengths[-2] if len(lengths) > 2 else value)
        value = shift = 0
    return lengths


def read_json(path: Path, remedy: str) -> dict[str, Any]:
    """Read a JSON object, {} for other JSON; UserError: ``annotation-file``."""
    try:
        content = json.loads(read_plain(path, MOST))
    except (OSError, ValueError, RecursionError) as error:
        raise UserError("annotation-file", f"{path} can't be read as JSON ({error}): {remedy}") from error
    return content if isinstance(content, dict) else {}


def parse_entries(
    path: Path, key: str, entries: Sequence[Any], parse: Callable[[dict[str, Any], str], Any]
) -> list[Any]:
    """Parse every entry of the list ``key`` of a file.

    Args:
        parse: function of the entry and its location, such as ``a.json, shapes[3]``; raises an error if the entry is malformed.

    Raises:
        UserError: annotation-file, with the first malformed entries; or errors of ``parse``.
    """
    parsed, faults = [], []
    for i, entry in enumerate(entries):
        place = f"{key}[{i}]"
        try:
            if not isinstance(entry, dict):
                raise TypeError("it is not a JSON object")
            parsed.append(parse(entry, f"{path}, {place}"))
        except UserError:
            raise
        except (LookupError, TypeError, ValueError) as error:
            id = entry.get("id") if isinstance(entry, dict) else None
            place += f" (id {id})" if isinstance(id, (int, str)) else ""
            faults.append(f"{place}: {f'it has no {error}' if isinstance(error, KeyError) else error}")
    if faults:
        raise UserError("annotation-file", f"{path}: {abbreviate(faults, 5, '; ')}")
    return parsed


def number(value: object) -> float:
    """Return a coordinate or size; ValueError for NaN, infinity and values beyond any image."""
    if not isinstance(value, (int, float)):
        raise ValueError(f"expected a number, found a {type(value).__name__}")
    if not abs(value) <= LARGEST:
        raise ValueError(f"invalid coordinate {value}")
    return value
