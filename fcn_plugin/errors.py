"""The one error that users, not programmers, can correct; commands print it alone and exit with 2."""

from __future__ import annotations

import re
from collections.abc import Sequence

LONGEST = 2000  # characters of a line; a name that somebody else chose may have millions


class UserError(ValueError):
    """Bad input.

    Args:
        code: stable name of the kind of fault, such as ``mask-size``; ``docs/errors.md`` lists all.
        message: what was received, in which file, and what to do.
        lines: more of it, a line each.
    """

    def __init__(self, code: str, message: str | None = None, lines: Sequence[str] = ()) -> None:
        if message is None:  # torch rebuilds an error of a data loader's worker from its traceback alone
            code, message, *lines = _from_traceback(code)
        super().__init__(code, message, lines)
        self.code, self.message = code, "\n".join(map(printable, (message, *lines)))

    def __str__(self) -> str:
        return f"[{self.code}] {self.message}"

    def within(self, place: str) -> UserError:
        """The same fault, with the place where it was met in front: ``config.py, train data set``."""
        _, message, lines = self.args
        return UserError(self.code, f"{place}: {message}", lines)


def printable(text: str, longest: int = LONGEST) -> str:
    """Escape what a terminal obeys or does not show (ESC, line breaks, marks of direction), and cut the middle of a long text.

    Names of files, classes and tensors come from strangers.
    """
    if len(text) > longest:
        text = f"{text[: longest // 2]} ... {text[-longest // 2 :]}"
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def first_lines(names: Sequence[str], most: int) -> list[str]:
    """The first ``most`` names, and one line that says how many more there are."""
    return [*names[:most], *([f"and {len(names) - most} more"] if len(names) > most else [])]


def abbreviate(names: Sequence[str], most: int = 3, separator: str = ", ") -> str:
    """Join the first ``most`` names and say how many more there are."""
    return separator.join(first_lines(names, most))


def _from_traceback(text: str) -> tuple[str, ...]:
    found = re.search(r".*^\S+: \[([\w-]+)\] (.*)", text, re.DOTALL | re.MULTILINE)
    return (found[1], *found[2].rstrip().split("\n")) if found else ("unknown", text)
