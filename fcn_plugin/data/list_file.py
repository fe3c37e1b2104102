"""Lists of a split: a line a sample."""

from __future__ import annotations

from pathlib import Path

from ..errors import UserError


def read_list(path: str | Path) -> list[str]:
    """The lines of a list that hold something, without blanks around them or the mark that some editors begin files with.

    Raises:
        UserError: the file is no UTF-8 text.
    """
    try:
        lines = Path(path).read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise UserError(f"{path} can't be read as a list ({error}): save it as UTF-8 text") from error
    return [line.strip() for line in lines if line.strip()]
