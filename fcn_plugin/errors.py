"""The one error that users, not programmers, can correct; commands print it alone and exit with 2."""

from __future__ import annotations

import re
from collections.abc import Sequence


class UserError(ValueError):
    """Bad input.

    Args:
        code: stable name of the kind of fault, such as ``mask-size``; ``docs/errors.md`` lists all.
        message: what was received, in which file, and what to do.
    """

    def __init__(self, code: str, message: str | None = None) -> None:
        if message is None:  # torch rebuilds an error of a data loader's worker from its traceback alone
            code, message = _from_traceback(code)
        super().__init__(code, message)
        self.code, self.message = code, message

    def __str__(self) -> str:
        return f"[{self.code}] {self.message}"

    def within(self, place: str) -> UserError:
        """The same fault, with the place where it was met in front: ``config.py, train data set``."""
        return UserError(self.code, f"{place}: {self.message}")


def abbreviate(names: Sequence[str], most: int = 3, separator: str = ", ") -> str:
    """Join the first ``most`` names and say how many more there are."""
    more = [f"and {len(names) - most} more"] if len(names) > most else []
    return separator.join([*names[:most], *more])


def _from_traceback(text: str) -> tuple[str, str]:
    found = re.search(r".*^\S*Error: \[([\w-]+)\] (.*)", text, re.DOTALL | re.MULTILINE)
    return (found[1], found[2].rstrip()) if found else ("unknown", text)
