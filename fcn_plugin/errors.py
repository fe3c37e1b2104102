"""The error that users can correct. Commands print it without a traceback and exit with 2."""

from __future__ import annotations

import re
from collections.abc import Sequence

LONGEST = 2000  # characters of a line; untrusted names may have millions


class UserError(ValueError):
    """Bad input; ends a command with one line and exit code 2.

    Args:
        code: stable error code, such as ``mask-size``; ``docs/errors.md`` lists all.
        message: what was received, in which file, and what to do.
        lines: more lines of the message.
    """

    def __init__(self, code: str, message: str | None = None, lines: Sequence[str] = ()) -> None:
        if message is None:  # torch rebuilds a worker's error from the traceback text alone
            code, message, *lines = _from_traceback(code)
        super().__init__(code, message, lines)
        self.code, self.message = code, "\n".join(map(printable, (message, *lines)))

    def __str__(self) -> str:
        return f"[{self.code}] {self.message}"

    def within(self, place: str) -> UserError:
        """Return a copy of the error with its message prefixed by a place, such as ``config.py, train data set``."""
        _, message, lines = self.args
        return UserError(self.code, f"{place}: {message}", lines)


def printable(text: str, longest: int = LONGEST) -> str:
    """Escape control and invisible characters (ESC, line breaks, direction marks) and cut the middle of a long text.

    Names of files, classes and tensors are untrusted.
    """
    if len(text) > longest:
        text = f"{text[: longest // 2]} ... {text[-longest // 2 :]}"
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def first_lines(names: Sequence[str], most: int) -> list[str]:
    """Return the first ``most`` names and a line with the number of the rest."""
    return [*names[:most], *([f"and {len(names) - most} more"] if len(names) > most else [])]


def abbreviate(names: Sequence[str], most: int = 3, separator: str = ", ") -> str:
    """Join the first ``most`` names and the number of the rest."""
    return separator.join(first_lines(names, most))


def _from_traceback(text: str) -> tuple[str, ...]:
    found = re.search(r".*^\S+: \[([\w-]+)\] (.*)", text, re.DOTALL | re.MULTILINE)
    return (found[1], *found[2].rstrip().split("\n")) if found else ("unknown", text)
