"""Write all results or none."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from ...atomic_write import atomic_write
from ...errors import UserError
from .config_text import MARK


def refuse_existing(paths: Sequence[Path], force: bool) -> None:
    """Refuse to replace what is there without ``force``, and with it what this tool did not write.

    Raises:
        UserError: names what is there.
    """
    there = [path for path in paths if path.exists()]
    if there and not force:
        raise UserError(f"{', '.join(map(str, there))} exist: --force replaces them, another NAME leaves them")
    for path in there:
        if path.suffix == ".py" and MARK not in path.read_text(encoding="utf-8").partition("\n")[0]:
            raise UserError(f"{path} was not {MARK}: choose another NAME")


def write_all(texts: Mapping[Path, str], folder: Path, fill: Callable[[Path], None] | None) -> None:
    """Write files, and a folder if there is something to fill it with; an error leaves all as it was.

    Args:
        texts: content by file.
        folder: takes the place of one that is there.
        fill: called with the folder to write to.
    """
    with ExitStack() as stack:
        stack.enter_context(_folders([path.parent for path in (*texts, folder)]))
        for path, text in texts.items():
            part = stack.enter_context(atomic_write(path))
            part.write_text(text, encoding="utf-8")
        if fill is not None:
            fill(stack.enter_context(_whole_folder(folder)))


@contextmanager
def _whole_folder(path: Path) -> Iterator[Path]:
    """As ``whole``, for a folder."""
    part, old = (path.with_name(f".{path.name}.{end}") for end in ("part", "old"))
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    try:
        yield part
        if path.exists():
            path.rename(old)
        part.rename(path)
    finally:
        shutil.rmtree(part, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


@contextmanager
def _folders(paths: Sequence[Path]) -> Iterator[None]:
    """Folders that are there; those made for it go after an error."""
    new = {folder for path in paths for folder in (path, *path.parents) if not folder.exists()}
    try:
        for path in paths:
            path.mkdir(parents=True, exist_ok=True)
        yield
    except BaseException:
        for folder in sorted(new, reverse=True):
            with suppress(OSError):  # not made yet
                folder.rmdir()
        raise
