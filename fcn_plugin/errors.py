"""The one error that users, not programmers, can correct; commands print it alone and exit with 2."""

from __future__ import annotations

import re
import traceback
from collections.abc import Sequence
from pathlib import Path

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


def config_fault(error: BaseException) -> UserError | None:
    """The ``config-entry`` behind an error of the engine while it builds from a config; None for any other error.

    An error in this package's own code is a fault of the program: what it takes is checked before.
    """
    while (inner := error.__cause__ or error.__context__) and str(inner) in str(
        error
    ):  # mmengine raises a hook's again
        error = inner
    kinds = (TypeError, ValueError, LookupError, AttributeError, AssertionError, ArithmeticError, ImportError)
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)] if isinstance(error, kinds) else []
    rooms = [frame.f_globals.get("__name__", "").partition(".")[0] for frame in frames]
    builders = [f for f in frames if f.f_code.co_name.startswith(("build", "from_cfg"))]
    own = rooms[-1:] == [__package__] and "__init__() " not in str(error)  # but for what it passes on to a base class
    if "mmengine" not in rooms or not builders or own:
        return None
    built, code = builders[-1].f_locals.get("obj_type", "a part of the Runner"), frames[-1].f_code
    what = f"{getattr(built, '__name__', built)} can't be built ({Path(code.co_filename).name}, {code.co_name})"
    return UserError("config-entry", f"{what}: {type(error).__name__}: {error}: correct this entry of the config")


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
