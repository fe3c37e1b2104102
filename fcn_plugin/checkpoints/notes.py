"""Read and write notes in a work dir: small files, written atomically; their content is untrusted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ..atomic_write import durable_write, read_plain


def write_note(path: Path, text: str) -> None:
    """Write a small file atomically; file names in it may be invalid UTF-8."""
    with durable_write(path) as part:
        part.write_text(text, encoding="utf-8", errors="surrogateescape")


def read_note(path: Path) -> str:
    """Read a note; empty if it is missing or unreadable."""
    try:
        return read_plain(path, 2**20).decode(errors="surrogateescape").strip()
    except OSError:
        return ""


def read_json(path: Path) -> dict[str, Any]:
    """Read a note that is a JSON object; empty for anything else."""
    try:
        content = json.loads(read_note(path))
    except (ValueError, RecursionError):
        content = None
    return content if isinstance(content, dict) else {}
