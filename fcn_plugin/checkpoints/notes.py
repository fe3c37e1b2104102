"""Notes in a work dir: small files that are there as a whole or not at all, and that somebody else may have put there."""

from __future__ import annotations

import json
from pathlib import Path

from ..atomic_write import durable_write, read_plain


def write_note(path: Path, text: str) -> None:
    """Write a small file that is there as a whole or not at all; names of files in it may be no UTF-8."""
    with durable_write(path) as part:
        part.write_text(text, encoding="utf-8", errors="surrogateescape")


def read_note(path: Path) -> str:
    """What :func:`write_note` wrote; empty where there is none, or something that it does not write."""
    try:
        return read_plain(path, 2**20).decode(errors="surrogateescape").strip()
    except OSError:
        return ""


def read_json(path: Path) -> dict:
    """As :func:`read_note`, an object of JSON; empty for anything else."""
    try:
        content = json.loads(read_note(path))
    except (ValueError, RecursionError):
        content = None
    return content if isinstance(content, dict) else {}
